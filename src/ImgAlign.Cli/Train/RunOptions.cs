using System.CommandLine;
using ImgAlign.Training;

namespace ImgAlign.Cli.Train;

/// <summary>What every training command takes beside its configuration.</summary>
internal sealed class RunOptions
{
    private readonly Option<string?> output = new("--out") { Description = "The folder of the run." };
    private readonly Option<long?> steps = new("--steps") { Description = "The number of the optimiser's steps." };
    private readonly Option<long?> seed = new("--seed") { Description = "The seed of the order of the data and of everything that is drawn." };

    /// <summary>Whether to go on with a run.</summary>
    public Option<bool> Resume { get; } = new("--resume") { Description = "Go on where the latest checkpoint of the folder ends; a folder without one begins anew." };

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [Resume, output, steps, seed];

    /// <summary>Whether the command line gives the number of steps.</summary>
    public bool GivesSteps(ParseResult parsed) => parsed.GetValue(steps) is not null;

    /// <summary>Puts what the command line says over what the file says.</summary>
    public void Apply(ParseResult parsed, TrainerOptions options, Action<string> setOutput)
    {
        if (parsed.GetValue(output) is { } path) setOutput(path);
        options.Steps = parsed.GetValue(steps) ?? options.Steps;
        options.Seed = parsed.GetValue(seed) ?? options.Seed;
    }
}
