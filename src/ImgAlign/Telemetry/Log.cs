using ImgAlign.Runtime;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Telemetry;

/// <summary>All log messages. The prompt is logged only where recording prompts was asked for.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Operation} with {Model}, seed {Seed}, {BatchSize} at once: expected to need {Estimate}.")]
    public static partial void RunStarts(ILogger logger, string operation, string model, long seed, int batchSize, MemoryEstimate estimate);

    [LoggerMessage(12, LogLevel.Warning, "{Operation} would not fit: the autoencoder works tile by tile, which changes pictures a little.")]
    public static partial void WorksInTiles(ILogger logger, string operation);

    [LoggerMessage(2, LogLevel.Debug, "{Stage} of round {Round} took {Seconds:0.000} s.")]
    public static partial void StageEnded(ILogger logger, RunStage stage, int round, double seconds);

    [LoggerMessage(3, LogLevel.Information, "Picture {Number} of item {Item}, by {Action}: {Verdict}.")]
    public static partial void CandidateJudged(ILogger logger, int number, int item, SearchAction? action, string verdict);

    [LoggerMessage(4, LogLevel.Information, "{Operation} took {Seconds:0.0} s and at most {Peak}.")]
    public static partial void RunEnded(ILogger logger, string operation, double seconds, string peak);

    [LoggerMessage(5, LogLevel.Information, "{Operation} was cancelled.")]
    public static partial void RunCancelled(ILogger logger, string operation);

    [LoggerMessage(6, LogLevel.Error, "{Operation} failed.")]
    public static partial void RunFailed(ILogger logger, string operation, Exception exception);

    [LoggerMessage(7, LogLevel.Debug, "The prompt: {Prompt}")]
    public static partial void Prompt(ILogger logger, string prompt);

    [LoggerMessage(9, LogLevel.Warning, "{Warning}")]
    public static partial void Warned(ILogger logger, string warning);

    [LoggerMessage(10, LogLevel.Warning, "{Count} warnings about the prompts, which are not recorded here: the result has them.")]
    public static partial void WarnedOfPrompts(ILogger logger, int count);

    [LoggerMessage(8, LogLevel.Warning, "A progress callback threw an exception; the run goes on.")]
    public static partial void ListenerFailed(ILogger logger, Exception exception);
}
