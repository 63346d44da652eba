using System.Text;
using ImgAlign.Backbones;
using ImgAlign.Cli.Align;
using ImgAlign.Evaluation;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Evaluate;

/// <summary>
/// Whether the pictures of an evaluation are decoded in tiles: settled before the first one, for all arms and for all runs over its folder.
/// Where each batch went by the memory that is free, arms would differ by more than what they are.
/// </summary>
internal static class SettledTiling
{
    /// <summary>What the evaluation's folder keeps it in.</summary>
    public const string FileName = "vae-tiling.txt";

    /// <summary>The configuration with tiles always or never, unless it says so already.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="options">What is measured.</param>
    /// <param name="settle">Whether it is settled where no earlier run has; otherwise nothing has been made.</param>
    /// <param name="changesFolder">What paths of arms are relative to.</param>
    /// <exception cref="ImgAlignException">The folder's file is broken.</exception>
    public static IConfigurationSection Apply(
        IConfigurationSection configuration,
        EvaluationOptions options,
        bool settle,
        string changesFolder
    )
    {
        if (ModelConfiguration.BackboneSectionOf(configuration) is not { } section)
            return configuration;
        var key = $"{section}:{nameof(DiffusionOptions.VaeTiling)}";
        if (Enum.TryParse<VaeTiling>(configuration[key], ignoreCase: true, out var asked) && asked != VaeTiling.WhereNeeded)
            return configuration;
        var file = Path.Combine(options.Folder, FileName);
        // Where neither fits, the run says what would; nothing is settled by that.
        if (!File.Exists(file) && settle && FirstThatFits() is { } fitting)
            Write(file, fitting);
        return File.Exists(file) ? With(Read(file)) : configuration;

        VaeTiling? FirstThatFits() =>
            new VaeTiling?[] { VaeTiling.Never, VaeTiling.Always }.FirstOrDefault(tiling =>
                Fits(With(tiling!.Value), options, changesFolder)
            );

        IConfigurationSection With(VaeTiling tiling) =>
            SettingsFile.Change(configuration, [KeyValuePair.Create(key, tiling.ToString())], changesFolder);
    }

    // Whether single pictures of every size fit, with the models of every arm.
    private static bool Fits(IConfigurationSection configuration, EvaluationOptions options, string changesFolder) =>
        options
            .Matrix.Arms.GroupBy(static arm => (arm.NeedsDetector, Models: string.Join('\n', arm.Models.Order())))
            .All(arms =>
                FitsAsync(SettingsFile.Change(configuration, arms.First().Models, changesFolder), options, arms.Key.NeedsDetector)
                    .GetAwaiter()
                    .GetResult()
            );

    private static async Task<bool> FitsAsync(IConfigurationSection configuration, EvaluationOptions options, bool aligns)
    {
        await using var models = EvaluationServices.Open(configuration, texts: null);
        return options
            .Prompts.GroupBy(static prompt => prompt.Size)
            .Select(size => size.Select(Estimate).FirstOrDefault(static estimate => estimate is not null))
            .All(static fits => fits != false);

        // Null where the prompt is one that cannot be drawn.
        bool? Estimate(EvaluationPrompt prompt)
        {
            var item = new AlignmentItem(prompt.Prompt) { NegativePrompt = prompt.NegativePrompt, Size = prompt.Size };
            try
            {
                var estimates =
                    aligns && models.Alignment is { } alignment
                        ? alignment.EstimateMemory(options.Settings with { Items = [item], Rounds = 1, Strength = null })
                        : models.Generation.EstimateMemory(new GenerationRequest(options.Settings) { Items = [item], Strength = null });
                return estimates.All(static estimate => estimate.Fits);
            }
            catch (InvalidRequestException)
            {
                return null;
            }
        }
    }

    // Of several machines that begin at once, the first one decides.
    private static void Write(string file, VaeTiling tiling)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var unfinished = $"{file}.{Guid.NewGuid():N}.part";
        File.WriteAllText(unfinished, tiling.ToString(), Encoding.ASCII);
        try
        {
            File.Move(unfinished, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            File.Delete(unfinished);
        }
    }

    private static VaeTiling Read(string file) =>
        Enum.TryParse<VaeTiling>(File.ReadAllText(file).Trim(), out var tiling)
            ? tiling
            : throw new ImgAlignException($"{file}: this is neither Always nor Never; write the one that the pictures were made with.");
}
