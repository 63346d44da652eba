using System.Globalization;
using System.Text;
using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Training.Reporting;

/// <summary><c>metrics.jsonl</c>: a line with the numbers of a step, of an evaluation, or about a skipped sample.</summary>
internal sealed class MetricsLog : IDisposable
{
    private readonly StreamWriter writer;

    private MetricsLog(string path) =>
        writer = new StreamWriter(path, append: true, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
        {
            AutoFlush = true,
            NewLine = "\n",
        };

    /// <summary>Opens the log of a run that begins, or goes on, after a number of steps; later lines, which a killed process has left, are
    /// dropped.</summary>
    /// <param name="path">The file.</param>
    /// <param name="steps">The steps done.</param>
    internal static MetricsLog Open(string path, long steps)
    {
        var kept = Read(path).Where(line => StepOf(line) <= steps).Select(line => line.GetRawText() + "\n").ToList();
        AtomicFile.Write(
            path,
            file =>
            {
                foreach (var line in kept)
                    file.Write(Encoding.UTF8.GetBytes(line));
            }
        );
        return new MetricsLog(path);
    }

    /// <summary>Reads a log, from the first line; an unfinished last line is left out.</summary>
    /// <param name="path">The file; one that does not exist is empty.</param>
    public static IEnumerable<JsonElement> Read(string path) =>
        File.Exists(path) ? File.ReadLines(path).Select(Parse).OfType<JsonElement>() : [];

    /// <summary>The step that a line belongs to.</summary>
    /// <param name="line">A line.</param>
    public static long StepOf(JsonElement line) => line.TryGetProperty("step", out var step) ? step.GetInt64() : 0;

    /// <summary>The evaluation of a step, or null.</summary>
    /// <param name="path">The file.</param>
    /// <param name="steps">The steps done.</param>
    internal static IReadOnlyDictionary<string, double>? FindEvaluation(string path, long steps) =>
        Read(path)
            .Where(line => StepOf(line) == steps && line.TryGetProperty("kind", out var kind) && kind.ValueEquals("evaluation"))
            .Select(static line =>
                line.EnumerateObject()
                    .Where(static property => property.Name != "step" && property.Value.ValueKind == JsonValueKind.Number)
                    .ToDictionary(static property => property.Name, static property => property.Value.GetDouble())
            )
            .LastOrDefault();

    /// <summary>Writes the numbers of a step.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="kind">What they are: <c>train</c> or <c>evaluation</c>.</param>
    /// <param name="values">Numbers by name.</param>
    internal void Write(long step, string kind, IReadOnlyDictionary<string, double> values) =>
        Write(
            step,
            kind,
            json =>
            {
                foreach (var (name, value) in values)
                {
                    if (double.IsFinite(value))
                        json.WriteNumber(name, value);
                    else
                        json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
                }
            }
        );

    /// <summary>Writes that a sample is skipped.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="sample">The sample's place in the data set.</param>
    /// <param name="problem">What is wrong with it.</param>
    internal void WriteSkipped(long step, int sample, string problem) =>
        Write(
            step,
            "skipped",
            json =>
            {
                json.WriteNumber("sample", sample);
                json.WriteString("problem", problem);
            }
        );

    /// <summary>Closes the file.</summary>
    public void Dispose() => writer.Dispose();

    private void Write(long step, string kind, Action<Utf8JsonWriter> writeFields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            json.WriteString("kind", kind);
            writeFields(json);
            json.WriteEndObject();
        }
        writer.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static JsonElement? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
