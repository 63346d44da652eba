using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;
using ImgAlign.Testing.Golden;
using static TorchSharp.torch;

namespace ImgAlign.Benchmarks.Measured;

/// <summary><c>tokens</c>: how the time of a step of FLUX grows with the picture, next to how the arithmetic grows.</summary>
internal static class TokensCommand
{
    private const int TextTokens = 512;
    private const int DoubleBlocks = 1;
    private const int SingleBlocks = 2;

    public static Command Create()
    {
        var threads = new Option<int>("--threads") { Description = "Threads of libtorch; 0 is its own choice." };
        var repeats = new Option<int>("--repeats") { Description = "Timed steps of each size.", DefaultValueFactory = _ => 3 };
        var command = new Command(
            "tokens",
            $"Time a step of FLUX at full width with {DoubleBlocks} double and {SingleBlocks} single blocks, from 256 to 4,096 "
                + "image tokens."
        )
        {
            threads,
            repeats,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(threads) is > 0 and var count)
                set_num_threads(count);
            Run(parsed.GetValue(repeats));
        });
        return command;
    }

    private static void Run(int repeats)
    {
        using var noGrad = no_grad();
        using var transformer = new FluxTransformer(FullSize.FluxOf(DoubleBlocks, SingleBlocks), META);
        using (
            var weights = new RuleCheckpoint(
                1,
                transformer.named_parameters().Select(pair => KeyValuePair.Create(pair.name, pair.parameter.shape))
            )
        )
            CheckpointBinder.Bind(transformer, weights, WeightMap.Identity);
        Print($"{Hardware.Describe()}, {get_num_threads()} threads, float32, {TextTokens} text tokens, median of {repeats}");
        Print($"{"image tokens", 12} {"seconds", 9} {"time", 7} {"arithmetic", 11} {"attention's share", 18}");
        var (firstTime, firstWork) = (0.0, 0.0);
        foreach (var side in (int[])[16, 32, 48, 64])
        {
            var seconds = Time(transformer, side, repeats);
            var (linear, attention) = Work(transformer.Config, TextTokens + side * side);
            if (firstTime == 0)
                (firstTime, firstWork) = (seconds, linear + attention);
            Print(
                $"{side * side, 12} {seconds, 9:0.00} {seconds / firstTime, 7:0.00} {(linear + attention) / firstWork, 11:0.00} "
                    + $"{attention / (linear + attention), 18:0.000}"
            );
        }
    }

    private static double Time(FluxTransformer transformer, int side, int repeats)
    {
        using var scope = NewDisposeScope();
        var config = transformer.Config;
        using var conditioning = transformer.Prepare(
            randn(1, TextTokens, config.JointAttentionDim),
            randn(1, config.PooledProjectionDim),
            full([1], 3.5),
            zeros(TextTokens, 3),
            LatentPatches.Ids(LatentPatches.Size * side, LatentPatches.Size * side, CPU)
        );
        var (image, timestep) = (randn(1, side * side, config.InChannels), tensor(0.5f));
        transformer.call(image, timestep, conditioning).Dispose();
        var times = new List<double>();
        for (var i = 0; i < repeats; i++)
        {
            var watch = Stopwatch.StartNew();
            transformer.call(image, timestep, conditioning).Dispose();
            times.Add(watch.Elapsed.TotalSeconds);
        }
        return times.Order().ElementAt(repeats / 2);
    }

    // Products and sums of the blocks: each token meets one stream's weights of a double block, and all of a single block's but the
    // modulation's.
    private static (double Linear, double Attention) Work(FluxConfig config, double tokens)
    {
        double width = config.Width,
            hidden = config.MlpWidth;
        var perToken = DoubleBlocks * (4 * width * width + 2 * width * hidden) + SingleBlocks * (4 * width * width + 2 * width * hidden);
        return (2 * tokens * perToken, (DoubleBlocks + SingleBlocks) * 4 * tokens * tokens * width);
    }

    private static void Print(string line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }
}
