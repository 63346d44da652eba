using ImgAlign.Server;
using ImgAlign.ShapeWorld;

// ShapeWorld behind the page, the job API and the OpenAI images API, computed in this process.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddImplicitMultimodalGuidance().UseShapeWorld();
builder.Services.AddImgAlignServer(static options => options.ModelId = "shapeworld");
builder.Services.AddImgAlignWorker();

var app = builder.Build();
app.MapImgAlign();
app.Run();
