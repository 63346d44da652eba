using System.Globalization;

namespace ImgAlign.Evaluation;

/// <summary>How far an evaluation is.</summary>
public sealed class EvaluationProgress
{
    internal EvaluationProgress(int done, int total, double? perSecond) => (Done, Total, PerSecond) = (done, total, perSecond);

    /// <summary>Pictures that are there, those of earlier runs included.</summary>
    public int Done { get; }

    /// <summary>Pictures that the arms need, those that arms share once.</summary>
    public int Total { get; }

    /// <summary>Pictures made in a second of this run; null: none has been made yet.</summary>
    public double? PerSecond { get; }

    /// <summary>The time that the rest will take at this rate; null: not known yet.</summary>
    public TimeSpan? Remaining => PerSecond is > 0 ? TimeSpan.FromSeconds((Total - Done) / PerSecond.Value) : null;

    private TimeSpan WholeSeconds => TimeSpan.FromSeconds(Math.Round(Remaining?.TotalSeconds ?? 0));

    /// <summary>The same as a line of text.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Done} of {Total} pictures")
        + (PerSecond is { } rate ? string.Create(CultureInfo.InvariantCulture, $", {rate:0.00} a second, {WholeSeconds:c} remaining") : "");
}
