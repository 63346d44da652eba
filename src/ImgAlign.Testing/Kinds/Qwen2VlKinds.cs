using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Qwen;
using ImgAlign.Networks.Qwen2Vl;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Qwen2-VL, by itself: family <c>hpsv3</c>.</summary>
internal static class Qwen2VlKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("qwen2vl-smart-resize", QwenKinds.SmartResize)
            .Add("qwen2vl-image", Image)
            .Add("qwen2vl-vision", Vision)
            .Add("qwen2vl-hidden", Hidden);

    /// <summary>The folder of the base model in a case's checkpoint.</summary>
    public static string BaseFolder(this GoldenCase golden) => Path.Combine(golden.CheckpointPath!, "Qwen2-VL");

    private static Dictionary<string, torch.Tensor> Image(GoldenCase golden, torch.Device device)
    {
        var processor = QwenImageProcessor.Load(golden.BaseFolder()) with
        {
            MinPixels = golden.Options.GetProperty("min_pixels").GetInt64(),
            MaxPixels = golden.Options.GetProperty("max_pixels").GetInt64(),
        };
        var image = ImageFile.Load(golden.PathOption("image")!);
        var size = processor.FitSize(image.Size);
        var patches = processor.Preprocess(image);
        var values = patches.Values;
        if (golden.Options.TryGetProperty("rows", out var rows))
            values = values.index_select(0, torch.tensor([.. rows.EnumerateArray().Select(static row => row.GetInt64())]));
        return new()
        {
            ["image"] = ImagingKinds.ToTensor(PillowResize.Resize(image, size.Width, size.Height, processor.Resample)),
            ["pixel_values"] = values,
            ["grid_thw"] = QwenKinds.ToTensor(patches.Grids),
        };
    }

    private static Dictionary<string, torch.Tensor> Vision(GoldenCase golden, torch.Device device)
    {
        using var network = Load(golden, device);
        return golden.RunRecording(
            network.Visual,
            "visual.",
            () => new() { ["features"] = network.Visual.call(QwenKinds.Patches(golden, device)!) }
        );
    }

    private static Dictionary<string, torch.Tensor> Hidden(GoldenCase golden, torch.Device device)
    {
        using var network = Load(golden, device);
        var patches = QwenKinds.Patches(golden, device);
        var tokens = QwenTokens.Read(golden.Inputs["input_ids"], patches?.Grids ?? [], network.Config);
        var isSequential = golden.Options.GetProperty("positions").GetString() == "sequential";
        return golden.RunRecording(
            network.LanguageModel,
            "model.",
            () =>
                new()
                {
                    ["position_ids"] = isSequential
                        ? TensorMath.Range(tokens.Length).expand(3, tokens.Rows, -1)
                        : tokens.CopyPositions(torch.CPU),
                    ["hidden"] = isSequential ? network.RunSequential(tokens, patches) : network.call(tokens, patches),
                }
        );
    }

    private static Qwen2VlModel Load(GoldenCase golden, torch.Device device)
    {
        using var weights = Checkpoint.Open(golden.CheckpointPath!);
        var config = Qwen2VlConfig.Read(golden.BaseFolder());
        config = config with { Text = config.Text with { VocabSize = (int)weights.Tensors["model.embed_tokens.weight"].Shape[0] } };
        var network = new Qwen2VlModel(config, torch.META);
        CheckpointBinder.Bind(network, weights, Qwen2VlModel.Names(config), torch.float32, device);
        return network;
    }
}
