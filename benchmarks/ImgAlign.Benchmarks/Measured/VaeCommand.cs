using System.CommandLine;
using System.Diagnostics;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Benchmarks.Measured;

/// <summary><c>vae</c>: what the ways to make SDXL's final latents into a picture cost, and how far they are from the VAE in
/// float32.</summary>
internal static class VaeCommand
{
    public static Command Create()
    {
        var pixels = new Option<int>("--pixels") { Description = "Both sides of the picture.", DefaultValueFactory = _ => 512 };
        var command = new Command("vae", "Time SDXL's VAE at full size, in bfloat16, in tiles of half the picture, and TAESDXL.")
        {
            pixels,
        };
        command.SetAction(parsed =>
        {
            using var stack = SignalStack.Enlarge(); // bfloat16 on CPUs with AMX
            Run(parsed.GetValue(pixels));
        });
        return command;
    }

    private static void Run(int pixels)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Console.WriteLine($"{Hardware.Describe()}, {get_num_threads()} threads, {pixels}x{pixels}");
        Console.WriteLine($"{"", 26} {"seconds", 9} {"processor's", 12} {"largest difference", 19} {"root mean square", 17}");
        var (vae, tiny) = (SdxlBase.Autoencoder, new AutoencoderTinyConfig());
        var latents = randn(1, vae.LatentChannels, pixels / vae.PixelsPerLatent, pixels / vae.PixelsPerLatent);
        var tiles = new OverlappingTiles(pixels / vae.PixelsPerLatent / 2, pixels / 2);
        var exact = Measure("VAE, float32", vae, float32, latents, tiles: null, reference: null);
        Measure("VAE, bfloat16", vae, bfloat16, latents, tiles: null, exact);
        Measure("VAE, float32, in tiles", vae, float32, latents, tiles, exact);
        var small = Measure("tiny, float32", tiny, float32, latents, tiles: null, reference: null);
        Measure("tiny, bfloat16", tiny, bfloat16, latents, tiles: null, small);
    }

    private static Tensor Measure(
        string name,
        AutoencoderConfig config,
        ScalarType type,
        Tensor latents,
        OverlappingTiles? tiles,
        Tensor? reference
    )
    {
        using var network = config.Create(META, AutoencoderParts.Decoder);
        using (
            var weights = new RuleCheckpoint(
                1,
                network.named_parameters().Select(pair => KeyValuePair.Create(pair.name, pair.parameter.shape))
            )
        )
            CheckpointBinder.Bind(network, weights, WeightMap.Identity, type);
        using var input = config.ToAutoencoder(latents).to(type);
        using var process = Process.GetCurrentProcess();
        var (watch, before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        var decoded = tiles is null ? network.Decode(input) : tiles.Run(input, network.Decode);
        process.Refresh();
        var (seconds, processor) = (watch.Elapsed.TotalSeconds, (process.TotalProcessorTime - before).TotalSeconds);
        var (largest, spread) = reference is null ? (0, 0) : Difference(decoded.to(float32), reference);
        Console.WriteLine($"{name, -26} {seconds, 9:0.0} {processor, 12:0.0} {largest, 19:0.0000} {spread, 17:0.0000}");
        return decoded;
    }

    // In standard deviations of the reference.
    private static (float Largest, float RootMeanSquare) Difference(Tensor actual, Tensor reference)
    {
        using var scope = NewDisposeScope();
        var difference = (actual - reference) / reference.std();
        return (difference.abs().max().item<float>(), difference.square().mean().sqrt().item<float>());
    }
}
