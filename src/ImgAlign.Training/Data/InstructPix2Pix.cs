using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Training.Data;

/// <summary>
/// InstructPix2Pix (Brooks et al., 2023) as triplets: Parquet with the columns <c>original_image</c>, <c>edited_prompt</c> and
/// <c>edit_prompt</c>, or the authors' folders, whose <c>seeds.json</c> lists folders with <c>prompt.json</c> and pictures
/// <c>SEED_0.jpg</c>.
/// </summary>
internal static class InstructPix2Pix
{
    private const string FileName = "triplets.jsonl";
    private const string SeedsFile = "seeds.json";

    private static readonly string[] Columns = ["original_image", "edited_prompt", "edit_prompt"];

    /// <summary>Reads triplets, wherever they are.</summary>
    /// <param name="path">The authors' folder, a folder with <c>triplets.jsonl</c> (<c>image</c>, <c>editedPrompt</c>, <c>instruction</c>),
    /// or Parquet, a file or a folder.</param>
    /// <param name="cache">The folder into which Parquet is taken apart.</param>
    /// <param name="progress">Receives how many rows of Parquet are done.</param>
    /// <param name="cancellationToken">Seen between rows.</param>
    /// <exception cref="ImgAlignException">The data are missing or broken.</exception>
    public static async Task<IReadOnlyList<EditTriplet>> OpenAsync(
        string path,
        string cache,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        if (File.Exists(Path.Combine(path, FileName)))
            return ReadLines(path);
        if (File.Exists(Path.Combine(path, SeedsFile)))
            return ReadAuthorsFolder(path);
        await Task.Run(() => Import(path, cache, progress, cancellationToken), cancellationToken);
        return ReadLines(cache);
    }

    private static IReadOnlyList<EditTriplet> ReadLines(string folder) =>
        [
            .. JsonLines
                .Read<EditTriplet>(Path.Combine(folder, FileName))
                .Select(triplet => triplet with { Image = Path.GetFullPath(triplet.Image, folder) }),
        ];

    // One triplet a prompt and seed; the names of the fields are those of the authors' files.
    private static List<EditTriplet> ReadAuthorsFolder(string folder)
    {
        var triplets = new List<EditTriplet>();
        foreach (var entry in ConfigFile.ReadJson(Path.Combine(folder, SeedsFile)).EnumerateArray())
        {
            var name = Path.Combine(folder, entry[0].GetString()!);
            var prompt = ConfigFile.ReadJson(Path.Combine(name, "prompt.json"));
            triplets.AddRange(
                entry[1]
                    .EnumerateArray()
                    .Select(seed => new EditTriplet(Path.Combine(name, $"{seed}_0.jpg"), Text(prompt, "output"), Text(prompt, "edit")))
            );
        }
        return triplets;
    }

    private static string Text(JsonElement json, string field) =>
        json.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static void Import(string source, string folder, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var target = Path.Combine(folder, FileName);
        if (File.Exists(target))
            return;
        var images = new ImageStore(Path.Combine(Path.GetFullPath(folder), "images"));
        var triplets = new List<EditTriplet>();
        var rows = 0L;
        Directory.CreateDirectory(folder);
        foreach (var file in ParquetRows.Find(source))
        {
            foreach (var row in ParquetRows.Read(file, Columns))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (row is [byte[] image, var prompt, var instruction])
                    triplets.Add(new EditTriplet(images.Add(image), prompt as string ?? "", instruction as string ?? ""));
                progress?.Report(++rows);
            }
        }
        JsonLines.Write(target, triplets);
    }
}
