using Host;
using ImgAlign.DependencyInjection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// Paths in appsettings.json are relative to the current folder: `dotnet run` in samples/Host finds the tiny stand-ins of tests/golden,
// which draw noise and not pictures. Put the paths of published checkpoints there for pictures (docs/checkpoints.md).
var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder(args);
var settings = builder.Configuration.GetSection("ImgAlign");
builder
    .Services.AddImplicitMultimodalGuidance(settings)
    .UseSdxl(settings.GetSection("Sdxl"))
    .UseLlava(settings.GetSection("Llava"))
    .UseAligner(settings.GetSection("Aligner"));
builder.Services.AddSingleton<AlignmentQueue>();
builder.Services.AddHostedService<AlignmentWorker>();

using var host = builder.Build();
var queue = host.Services.GetRequiredService<AlignmentQueue>();
foreach (var order in builder.Configuration.GetSection("Orders").Get<Order[]>() ?? [])
    queue.Add(order);
queue.Close();
await host.RunAsync();
