using System.Text.Json;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Siglip;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>SigLIP, FLUX.1-Redux's projector, and prompts of text and pictures: family <c>redux</c>.</summary>
internal static class ReduxKinds
{
    private const int TextTokens = 512; // which Redux's pipeline does not let one choose

    public static void Add(GoldenRunner runner) =>
        runner
            .Add("siglip-image", Image)
            .Add("siglip-vision", Vision)
            .Add("redux-tokens", Tokens)
            .Add("redux-prompt", (golden, device) => ToOutputs(Prompt(golden, golden.Options, device)));

    /// <summary>The options of a case's image prompt; null where it has none.</summary>
    public static JsonElement? ReduxOptions(this GoldenCase golden) => golden.Options.TryGetProperty("redux", out var redux) ? redux : null;

    /// <summary>The files of Redux that options name.</summary>
    public static (string Path, string? Encoder) ReduxPaths(this GoldenCase golden, JsonElement options) =>
        options.TryGetProperty("folder", out var folder)
            ? (golden.Path(folder.GetString()!), null)
            : (golden.Path(options.GetProperty("file").GetString()!), golden.Path(options.GetProperty("siglip").GetString()!));

    /// <summary>The prompt of options: texts and pictures as one.</summary>
    public static PooledTextFeatures Prompt(GoldenCase golden, JsonElement options, torch.Device device)
    {
        var (path, encoderPath) = golden.ReduxPaths(options);
        using var runtime = GoldenNetworks.RuntimeOn(device);
        using var encoder = new ReduxImagePromptEncoder(runtime, ReduxParts.Read(path, encoderPath));
        using var flux = new FluxBackbone(runtime, new FluxOptions { ModelPath = golden.CheckpointPath!, MaxTextTokens = TextTokens });
        var images = options.Texts("images").Select(image => ImageFile.LoadStored(golden.Path(image!)).OverWhite()).ToList();
        var given = options.Texts("prompt");
        var prompts = images.Select((_, index) => given.Count == 0 ? "" : given[given.Count == 1 ? 0 : index]).ToList();
        using var text = PooledTextFeatures.Of(flux.EncodeText(prompts));
        var hasText = given.Count > 0; // without text encoders there are zeros
        return Add(
            ReduxPrompt.Join(hasText ? text.Tokens : torch.zeros_like(text.Tokens), encoder.Encode(images)),
            hasText ? text.Pooled : torch.zeros_like(text.Pooled),
            Scales("prompt_embeds_scale"),
            Scales("pooled_prompt_embeds_scale")
        );

        List<double> Scales(string name) =>
            !options.TryGetProperty(name, out var scales) ? [.. images.Select(static _ => 1.0)]
            : scales.ValueKind == JsonValueKind.Array ? [.. scales.EnumerateArray().Select(static scale => scale.GetDouble())]
            : [.. images.Select(_ => scales.GetDouble())];
    }

    /// <summary>
    /// Several pictures as one prompt: their rows are added and not joined, and a scale weighs a picture's text, too.
    /// </summary>
    /// <param name="tokens">The rows of each picture's text and of the picture itself, <c>[n, L + N, d]</c>.</param>
    /// <param name="pooled">The pooled features of each picture's text, <c>[n, p]</c>.</param>
    /// <param name="scales">The weight of each picture's rows.</param>
    /// <param name="pooledScales">The weight of its pooled features.</param>
    /// <returns>One prompt; disposed by the caller.</returns>
    private static PooledTextFeatures Add(
        torch.Tensor tokens,
        torch.Tensor pooled,
        IReadOnlyList<double> scales,
        IReadOnlyList<double> pooledScales
    )
    {
        using var scope = torch.NewDisposeScope();
        var (rows, vectors) = (Weights(scales, tokens).view(-1, 1, 1), Weights(pooledScales, pooled).view(-1, 1));
        return new PooledTextFeatures((tokens * rows).sum(0, keepdim: true), (pooled * vectors).sum(0, keepdim: true));

        static torch.Tensor Weights(IReadOnlyList<double> values, torch.Tensor like) =>
            torch.tensor(values.ToArray(), like.dtype, like.device);
    }

    /// <summary>A prompt as outputs.</summary>
    public static Dictionary<string, torch.Tensor> ToOutputs(PooledTextFeatures prompt) =>
        new() { ["prompt_embeds"] = prompt.Tokens, ["pooled_prompt_embeds"] = prompt.Pooled };

    private static Dictionary<string, torch.Tensor> Image(GoldenCase golden, torch.Device device)
    {
        var processor = Processor(golden);
        var images = golden.Options.Texts("images").Select(path => ImageFile.LoadStored(golden.Path(path!)).OverWhite()).ToList();
        var isThinned = golden.Options.TryGetProperty("every_7th", out var every) && every.GetBoolean();
        var suffix = isThinned ? "_every_7th" : "";
        var pixels = torch.cat([.. images.Select(processor.Preprocess)]);
        var outputs = new Dictionary<string, torch.Tensor> { ["pixel_values" + suffix] = Thinned(pixels, 2) };
        foreach (var (index, image) in images.Index())
            outputs[$"image_{index}{suffix}"] = Thinned(ImagingKinds.ToTensor(processor.Fit(image)), 0);
        return outputs;

        torch.Tensor Thinned(torch.Tensor tensor, int firstAxis)
        {
            if (!isThinned)
                return tensor;
            var places = TensorMath.Range(tensor.shape[firstAxis], step: 7);
            return tensor.index_select(firstAxis, places).index_select(firstAxis + 1, places);
        }
    }

    private static Dictionary<string, torch.Tensor> Vision(GoldenCase golden, torch.Device device)
    {
        using var opened = golden.OpenWeights();
        var part = SiglipNames.Find(opened);
        var config = golden.CheckpointPath is { } folder
            ? SiglipVisionConfig.Read(Path.Combine(folder, "config.json"))
            : SiglipVisionConfig.FromJson(golden.Config, golden.Folder);
        using var network = new VisionTransformer(config, torch.META);
        CheckpointBinder.Bind(network, part, SiglipNames.Encoder, torch.float32, device);
        using var head = new SiglipPoolingHead(config, torch.META);
        CheckpointBinder.Bind(head, part, SiglipNames.PoolingHead, torch.float32, device);
        var pixels = golden.Inputs.TryGetValue("pixel_values", out var given)
            ? given
            : torch.cat([
                .. golden
                    .Options.Texts("images")
                    .Select(path => Processor(golden).Preprocess(ImageFile.LoadStored(golden.Path(path!)).OverWhite())),
            ]);
        return golden.RunRecording(
            network,
            "vision_model.",
            () =>
                golden.RunRecording(
                    head,
                    "vision_model.head.",
                    () =>
                    {
                        var states = network.call(pixels.to(device));
                        var outputs = new Dictionary<string, torch.Tensor>
                        {
                            ["last_hidden_state"] = states,
                            ["pooler_output"] = head.call(states),
                        };
                        if (golden.Options.TryGetProperty("positions", out var positions))
                            outputs["last_hidden_state_at"] = states.index_select(
                                1,
                                torch.tensor([.. positions.EnumerateArray().Select(static place => place.GetInt64())], device: device)
                            );
                        return outputs;
                    }
                )
        );
    }

    private static Dictionary<string, torch.Tensor> Tokens(GoldenCase golden, torch.Device device)
    {
        using var opened = golden.OpenWeights();
        var part = ReduxProjector.Find(opened);
        var (inputs, outputs) = ReduxProjector.ReadSizes(part);
        using var network = new ReduxProjector(inputs, outputs, torch.META);
        CheckpointBinder.Bind(network, part, WeightMap.Identity, torch.float32, device);
        return new() { ["tokens"] = network.call(golden.Inputs["hidden_states"].to(device)) };
    }

    // The published one, unless the case has a folder or says otherwise.
    private static ClipImageProcessor Processor(GoldenCase golden)
    {
        if (golden.CheckpointPath is { } folder)
            return ReduxParts.LoadProcessor(folder);
        var isOwn = golden.Config.TryGetProperty("size", out var size);
        var side = isOwn ? size.GetProperty("height").GetInt32() : golden.Config.GetProperty("image_size").GetInt32();
        return ReduxParts.ProcessorOf(side);
    }
}
