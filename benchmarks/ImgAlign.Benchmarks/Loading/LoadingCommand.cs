using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Testing.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Benchmarks.Loading;

/// <summary><c>loading FILE</c>: how long a full-size SDXL UNet takes to open, and how much memory its first step needs.</summary>
internal static class LoadingCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file")
        {
            Description =
                "A float32 checkpoint of SDXL's UNet in diffusers' names. Where there is none, one of 10.3 GB is written there "
                + "by rule, and deleted in the end.",
        };
        var write = new Option<bool>("--write-only") { Description = "Write the checkpoint and stop." };
        var command = new Command("loading", "Measure opening a full-size SDXL UNet and its first step at 128x128 pixels.") { file, write };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(file), parsed.GetValue(write)));
        return command;
    }

    private static void Run(FileInfo file, bool writeOnly)
    {
        if (writeOnly)
        {
            Write(file.FullName);
            return;
        }
        var isOurs = !file.Exists;
        try
        {
            // In a process of its own, whose memory does not count here.
            if (isOurs)
                OwnProcesses.Run("loading", file.FullName, "--write-only");
            Measure(file.FullName);
        }
        finally
        {
            if (isOurs)
                file.Delete();
        }
    }

    private static void Write(string path)
    {
        using var network = new UNet2DConditionModel(SdxlBase.UNet, META);
        using var weights = new RuleCheckpoint(
            seed: 1,
            network.named_parameters().Select(pair => KeyValuePair.Create(pair.name, pair.parameter.shape))
        );
        SafetensorsWriter.Write(path, weights);
    }

    private static void Measure(string path)
    {
        using (zeros(1)) { } // loads libtorch
        var size = new FileInfo(path).Length;
        Print($"{Hardware.Describe()}, {get_num_threads()} threads, {path} of {size / 1e9:0.00} GB");

        var watch = Stopwatch.StartNew();
        using var unet = new UNet2DConditionModel(SdxlBase.UNet, META);
        using (var checkpoint = Checkpoint.Open(path))
            CheckpointBinder.Bind(unet, checkpoint, WeightMap.Identity);
        Print($"  built, checked and bound in {watch.Elapsed.TotalSeconds:0.00} s, peak memory {Hardware.PeakMemoryBytes() / 1e9:0.00} GB");

        watch.Restart();
        Step(unet);
        var peak = Hardware.PeakMemoryBytes();
        Print(
            $"  first step at 128x128 pixels in {watch.Elapsed.TotalSeconds:0.0} s, peak memory {peak / 1e9:0.00} GB, "
                + $"{(double)peak / size:0.000} of the file"
        );
    }

    private static void Step(UNet2DConditionModel unet)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var timeIds = tensor([128f, 128f, 0f, 0f, 128f, 128f]).unsqueeze(0);
        using var conditioning = unet.Prepare(
            zeros(1, 77, unet.Config.CrossAttentionDim),
            zeros(1, 1280),
            timeIds,
            adapter: null,
            imageTokens: null,
            imageScale: 0
        );
        unet.call(randn(1, unet.Config.InChannels, 16, 16), tensor(981f), conditioning);
    }

    private static void Print(string line) => Console.WriteLine(line);
}
