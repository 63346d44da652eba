using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Qwen;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Qwen2.5-VL: family <c>mllm</c>.</summary>
internal static class QwenKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("qwen-smart-resize", SmartResize)
            .Add("qwen-image", Image)
            .Add("qwen-vision", Vision)
            .Add("qwen-rope", Positions)
            .Add("qwen-layer", Layers)
            .Add("qwen-hidden", Hidden)
            .Add("qwen-prompt", Prompt)
            .Add("qwen-generate", Generate);

    /// <summary>Sizes to which pictures are scaled.</summary>
    public static Dictionary<string, torch.Tensor> SmartResize(GoldenCase golden, torch.Device device) =>
        SmartResize(golden, new QwenImageProcessor());

    /// <summary>The same by a processor with other patches.</summary>
    public static Dictionary<string, torch.Tensor> SmartResize(GoldenCase golden, QwenImageProcessor processor)
    {
        var (sizes, limits) = (golden.Inputs["sizes"].data<long>().ToArray(), golden.Inputs["limits"].data<long>().ToArray());
        var fitted = sizes
            .Chunk(2)
            .Zip(limits.Chunk(2))
            .SelectMany(pair =>
            {
                var limited = processor with { MinPixels = pair.Second[0], MaxPixels = pair.Second[1] };
                var size = limited.FitSize(new ImageSize((int)pair.First[1], (int)pair.First[0]));
                return new long[] { size.Height, size.Width };
            });
        return new() { ["sizes"] = torch.tensor(fitted.ToArray()).view(-1, 2) };
    }

    /// <summary>A picture as patches.</summary>
    public static Dictionary<string, torch.Tensor> Image(GoldenCase golden, torch.Device device)
    {
        var patches = QwenImageProcessor.Load(golden.CheckpointPath!).Preprocess(ImageFile.Load(golden.PathOption("image")!));
        return new() { ["pixel_values"] = patches.Values, ["grid_thw"] = ToTensor(patches.Grids) };
    }

    /// <summary>Grids as <c>[images, 3]</c>: one step in time, rows, columns.</summary>
    public static torch.Tensor ToTensor(IReadOnlyList<PatchGrid> grids) =>
        torch.tensor(grids.SelectMany(static grid => new long[] { 1, grid.Rows, grid.Columns }).ToArray()).view(-1, 3);

    private static Dictionary<string, torch.Tensor> Vision(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        var patches = Patches(golden, device)!;
        var layout = PatchLayout.Create(patches.Grids, network.Config.Vision);
        var windowEnds = layout.WindowLengths.Aggregate(new List<long> { 0 }, (ends, length) => [.. ends, ends[^1] + length]);
        return golden.RunRecording(
            network.Visual,
            "visual.",
            () =>
                new()
                {
                    ["features"] = network.Visual.call(patches),
                    ["window_index"] = torch.tensor(layout.Cells.ToArray()),
                    ["cu_window_seqlens"] = torch.tensor(windowEnds.ToArray()),
                }
        );
    }

    private static Dictionary<string, torch.Tensor> Positions(GoldenCase golden, torch.Device device) =>
        Positions(golden, QwenConfig.Read(golden.CheckpointPath!));

    /// <summary>Where tokens stand in time, row and column.</summary>
    public static Dictionary<string, torch.Tensor> Positions(GoldenCase golden, QwenConfig config)
    {
        var tokens = QwenTokens.Read(golden.Inputs["input_ids"], Grids(golden), config);
        return new() { ["position_ids"] = tokens.CopyPositions(torch.CPU), ["delta"] = torch.tensor(tokens.Deltas).view(-1, 1) };
    }

    private static Dictionary<string, torch.Tensor> Layers(GoldenCase golden, torch.Device device)
    {
        using var network = LlavaKinds.LoadLayers(golden, QwenConfig.ParseText(golden.ReadConfig(), golden.Folder), device);
        var hidden = network.Run(golden.Inputs["hidden"].to(device), positions: golden.Inputs["position_ids"].to(device));
        return new() { ["hidden"] = LlavaKinds.SelectPositions(golden, hidden) };
    }

    private static Dictionary<string, torch.Tensor> Hidden(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        var decoder = network.LanguageModel;
        return golden.RunRecording(
            network.Visual,
            "visual.",
            () =>
                golden.RunRecording(
                    decoder,
                    "",
                    () =>
                    {
                        var patches = Patches(golden, device);
                        var tokens = QwenTokens.Read(golden.Inputs["input_ids"], patches?.Grids ?? [], network.Config);
                        var embeddings = network.Embed(tokens, patches);
                        return new()
                        {
                            ["inputs_embeds"] = embeddings,
                            ["hidden"] = decoder.Model.Run(embeddings, positions: tokens.CopyPositions(device)),
                        };
                    }
                )
        );
    }

    private static Dictionary<string, torch.Tensor> Prompt(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        return Prompt(golden, device, network, network.Config, addsSystem: true);
    }

    private static Dictionary<string, torch.Tensor> Generate(GoldenCase golden, torch.Device device)
    {
        using var network = LoadNetwork(golden, device);
        return Generate(golden, device, network, network.Config, addsSystem: true);
    }

    /// <summary>Images and question to hidden states, through the chat template.</summary>
    public static Dictionary<string, torch.Tensor> Prompt(
        GoldenCase golden,
        torch.Device device,
        IQwenModel network,
        QwenConfig config,
        bool addsSystem
    )
    {
        var input = Prepare(golden, config, device, addsSystem);
        return new() { ["input_ids"] = input.Ids, ["hidden"] = network.Run(input.Ids, input.Images) };
    }

    /// <summary>Images and question to an answer.</summary>
    public static Dictionary<string, torch.Tensor> Generate(
        GoldenCase golden,
        torch.Device device,
        IQwenModel network,
        QwenConfig config,
        bool addsSystem
    )
    {
        var input = Prepare(golden, config, device, addsSystem);
        using var cache = new KeyValueCache(config.Text.NumHiddenLayers);
        var hidden = network.Run(input.Ids, input.Images, cache);
        return golden.Answer(network.LanguageModel, hidden, cache, config.StopTokens);
    }

    private static QwenInput Prepare(GoldenCase golden, QwenConfig config, torch.Device device, bool addsSystem)
    {
        var system = golden.Options.Texts("system") is [var message] ? message : null;
        var processor = new QwenProcessor(config, golden.CheckpointPath!, system, maxPixels: null, addsSystem);
        var images = golden.Options.Texts("images").Select(path => ImageFile.Load(golden.Path(path!))).ToList();
        var question = golden.Options.GetProperty("question").GetString()!;
        if (golden.Options.TryGetProperty("rendered", out var reference))
            TokenizerKinds.RequireEqual(processor.Render(question, images.Count), reference.GetString()!);
        return processor.Prepare(images, question, device);
    }

    /// <summary>The case's pictures, or null where it has none.</summary>
    public static ImagePatches? Patches(GoldenCase golden, torch.Device device) =>
        golden.Inputs.TryGetValue("pixel_values", out var values) ? new ImagePatches(values.to(device), Grids(golden)) : null;

    // Images have one step in time.
    private static List<PatchGrid> Grids(GoldenCase golden) =>
        !golden.Inputs.TryGetValue("grid_thw", out var grids)
            ? []
            :
            [
                .. grids
                    .data<long>()
                    .ToArray()
                    .Chunk(3)
                    .Select(grid =>
                        grid[0] == 1
                            ? new PatchGrid((int)grid[1], (int)grid[2])
                            : throw new ImgAlignException(
                                $"{golden.Folder}: grid_thw has {grid[0]} steps in time, but only images are read."
                            )
                    ),
            ];

    /// <summary>The Qwen2.5-VL of a case, in float32.</summary>
    internal static QwenModel LoadNetwork(GoldenCase golden, torch.Device device)
    {
        var network = new QwenModel(QwenConfig.Read(golden.CheckpointPath!), torch.META);
        QwenWeights.Bind(network, golden.CheckpointPath!, torch.float32, device);
        return network;
    }
}
