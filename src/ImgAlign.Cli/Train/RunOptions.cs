using System.CommandLine;
using ImgAlign.Training;

namespace ImgAlign.Cli.Train;

/// <summary>What every training command takes beside its configuration.</summary>
internal sealed class RunOptions
{
    private readonly Option<string?> output = new("--out") { Description = "The folder of the run." };
    private readonly Option<long?> steps = ValueOption.Number<long>("--steps", "The number of the optimiser's steps.");
    private readonly Option<long?> seed = ValueOption.Number<long>(
        "--seed",
        "The seed of the order of the data and of everything that is drawn."
    );

    /// <summary>Whether to go on with a run.</summary>
    public Option<bool> Resume { get; } =
        new("--resume") { Description = "Go on where the latest checkpoint of the folder ends; a folder without one begins anew." };

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [Resume, output, steps, seed];

    /// <summary>Puts what the command line says over what the file says.</summary>
    public void Apply(ParseResult parsed, TrainingRunOptions options)
    {
        options.OutputPath = parsed.GetValue(output) ?? options.OutputPath;
        options.Trainer.Seed = parsed.GetValue(seed) ?? options.Trainer.Seed;
        if (parsed.GetValue(steps) is not { } count)
            return;
        (options.Trainer.Steps, options.Epochs) = (count, 0);
    }
}
