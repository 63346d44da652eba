using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Server;
using ImgAlign.ShapeWorld;
using ImgAlign.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ImgAlign.Cli.Serve;

/// <summary>What a server and its workers must agree on.</summary>
internal static class ServeOptions
{
    /// <summary>The options that say which models run, and how.</summary>
    public static IEnumerable<Option> OfModels => ModelConfiguration.Options.Concat(ScorerArguments.Options);

    /// <summary>The option of the data folder.</summary>
    public static Option<string> CreateData() =>
        new("--data")
        {
            Description = "The folder of results and, without IMGALIGN_POSTGRES, the queue; imgalign-data unless it is said.",
            DefaultValueFactory = static _ => "imgalign-data",
        };

    /// <summary>The option of the store of results.</summary>
    public static Option<string?> CreateResults() =>
        new("--results")
        {
            Description =
                "Where results are kept, if not in --data: s3://BUCKET/PREFIX, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION "
                + "and, for another store than Amazon's, AWS_ENDPOINT_URL.",
        };

    /// <summary>Sets what both have.</summary>
    public static void Apply(ImgAlignServerOptions options, string data, string? results, IConfigurationSection models)
    {
        options.DataPath = data;
        options.Results = results;
        options.Postgres = Variable("IMGALIGN_POSTGRES");
        options.ModelId = models["Pipeline:Backbone"]!;
        if (options.ModelId != ModelServices.ShapeWorld)
            return;
        options.PromptGuide = new PromptGuide
        {
            Explanation =
                "ShapeWorld draws two coloured shapes and how they lie to each other, in 32x32 pixels. Choose, or write such a sentence.",
            Pattern = "a [colour] [shape] [relation] a [colour] [shape]",
            Choices = new Dictionary<string, IReadOnlyList<string>>
            {
                ["colour"] = WorldVocabulary.Colors,
                ["shape"] = WorldVocabulary.Shapes,
                ["relation"] = WorldVocabulary.Relations,
            },
            Examples = WorldVocabulary.Examples,
        };
    }

    /// <summary>A variable of the environment; null: it is not set, or empty.</summary>
    public static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>Writes warnings to standard error, so that standard output has the addresses alone.</summary>
    public static void LogToError(this ILoggingBuilder logging) =>
        logging
            .ClearProviders()
            .SetMinimumLevel(LogLevel.Warning)
            .AddConsole(static options => options.LogToStandardErrorThreshold = LogLevel.Trace);

    /// <summary>Sends traces and metrics to where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says; nowhere without it.</summary>
    public static void AddServerTelemetry(this IServiceCollection services, string name)
    {
        if (Variable("OTEL_EXPORTER_OTLP_ENDPOINT") is null)
            return;
        services
            .AddOpenTelemetry()
            // What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say counts; Aspire knows its resources by it.
            .ConfigureResource(resource => resource.AddService(name).AddEnvironmentVariableDetector())
            .WithTracing(static traces => traces.AddAspNetCoreInstrumentation().AddSource(TelemetryNames.Source, ServerTelemetry.Name))
            .WithMetrics(static metrics => metrics.AddAspNetCoreInstrumentation().AddMeter(TelemetryNames.Source, ServerTelemetry.Name))
            .UseOtlpExporter();
    }
}
