// PostgreSQL, the server and two workers, with their traces and metrics on Aspire's dashboard:
//   dotnet run -c Release --project samples/Aspire
// With ConnectionStrings__queue, an existing PostgreSQL is used in the place of a container.
var builder = DistributedApplication.CreateBuilder(args);
IResourceBuilder<IResourceWithConnectionString> queue = builder.Configuration["ConnectionStrings:queue"] is null
    ? builder.AddPostgres("postgres").AddDatabase("queue")
    : builder.AddConnectionString("queue");
var data = Path.Combine(builder.AppHostDirectory, "imgalign-data");

Add("server", "serve", "--devices", "none", "--urls", "http://127.0.0.1:7860")
    .WithHttpEndpoint(port: 7860, isProxied: false)
    .WithHttpHealthCheck("/health");
foreach (var name in new[] { "worker-1", "worker-2" })
    Add(name, "work");
builder.Build().Run();

IResourceBuilder<ProjectResource> Add(string name, params string[] arguments) =>
    builder
        .AddProject<Projects.ImgAlign_Cli>(name)
        .WithArgs([.. arguments, "--data", data])
        .WithEnvironment("IMGALIGN_POSTGRES", queue)
        .WaitFor(queue);
