using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Testing.Golden;
using ImgAlign.Tokenizers;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Kinds about CLIP's two towers.</summary>
internal static class ClipKinds
{
    public static void Add(GoldenRunner runner) =>
        runner.Add("clip-text", Text).Add("clip-vision", Vision).Add("clip-text-pooled", PooledText).Add("clip-vision-embeds", EmbedImage);

    private static Dictionary<string, torch.Tensor> Text(GoldenCase golden, torch.Device device)
    {
        var config = ClipTextConfig.FromJson(golden.ReadConfig(), golden.Folder);
        using var network = new ClipTextModel(config, torch.META);
        using var checkpoint = golden.OpenWeights();
        CheckpointBinder.Bind(network, checkpoint, network.Names(checkpoint), torch.float32, device);

        var ids = golden.Inputs.TryGetValue("input_ids", out var given) ? given : Tokenize(golden);
        return golden.RunRecording(
            network,
            "text_model.",
            () =>
            {
                var output = network.call(ids.to(device));
                return new()
                {
                    ["input_ids"] = ids,
                    ["hidden_states_m2"] = output.Penultimate,
                    ["last_hidden_state"] = output.LastHiddenState!,
                    [config.HasProjection ? "text_embeds" : "pooler_output"] = output.Pooled!,
                };
            }
        );
    }

    private static torch.Tensor Tokenize(GoldenCase golden)
    {
        var tokenizer = ClipTokenizer.Load(golden.PathOption("tokenizer")!);
        return torch.stack(golden.Options.Texts("text").Select(text => torch.tensor(tokenizer.Encode(text!))).ToArray());
    }

    private static Dictionary<string, torch.Tensor> Vision(GoldenCase golden, torch.Device device)
    {
        var config = ClipVisionConfig.FromJson(golden.ReadConfig(), golden.Folder);
        using var network = new ClipVisionModel(config, torch.META);
        using var checkpoint = golden.OpenWeights();
        CheckpointBinder.Bind(network, checkpoint, network.Names(checkpoint), torch.float32, device);

        var pixels = Pixels(golden, config);
        return golden.RunRecording(
            network,
            "vision_model.",
            () =>
            {
                var output = network.call(pixels.to(device));
                return new()
                {
                    ["pixel_values"] = pixels,
                    ["hidden_states_m2"] = output.Penultimate,
                    ["hidden_states_m2_first65"] = output.Penultimate.narrow(1, 0, Math.Min(65, output.Penultimate.shape[1])),
                    ["last_hidden_state"] = output.LastHiddenState!,
                    [config.HasProjection ? "image_embeds" : "pooler_output"] = output.Pooled!,
                };
            }
        );
    }

    private static torch.Tensor Pixels(GoldenCase golden, ClipVisionConfig config)
    {
        if (golden.Options.TryGetProperty("pixel_values", out var zeros) && zeros.GetString() == "zeros")
            return torch.zeros(1, config.NumChannels, config.ImageSize, config.ImageSize);
        var processor = golden.CheckpointPath is { } folder
            ? ClipImageProcessor.Load(folder)
            : ClipImageProcessor.ForSize(config.ImageSize);
        return processor.Preprocess(ImagingKinds.ToImage(golden.Inputs["image"]));
    }

    private static Dictionary<string, torch.Tensor> PooledText(GoldenCase golden, torch.Device device)
    {
        var folder = FluxCases.Part(golden.CheckpointPath!, "text_encoder");
        using var network = new ClipTextModel(ClipTextConfig.Read(Path.Combine(folder, "config.json")), torch.META);
        using var checkpoint = Checkpoint.Open(folder);
        CheckpointBinder.Bind(network, checkpoint, network.Names(checkpoint), torch.float32, device);
        return golden.RunRecording(
            network,
            "text_model.",
            () =>
            {
                var output = network.call(golden.Inputs["input_ids"].to(device));
                return new() { ["pooler_output"] = output.Pooled!, ["last_hidden_state"] = output.LastHiddenState! };
            }
        );
    }

    private static Dictionary<string, torch.Tensor> EmbedImage(GoldenCase golden, torch.Device device)
    {
        var folder = FluxCases.Part(golden.CheckpointPath!, "image_encoder");
        var config = ClipVisionConfig.Read(Path.Combine(folder, "config.json"));
        using var network = new ClipVisionModel(config, torch.META);
        using var checkpoint = Checkpoint.Open(folder);
        CheckpointBinder.Bind(network, checkpoint, network.Names(checkpoint), torch.float32, device);

        var states = Enumerable.Range(1, config.NumHiddenLayers).Select(i => $"encoder.layers.{i - 1}").Prepend("pre_layrnorm").ToList();
        using var recorder = new ModuleRecorder(network, states.Append("post_layernorm"));
        var pixels = ClipImageProcessor.LoadOrDefault(folder, config.ImageSize).Preprocess(ImagingKinds.ToImage(golden.Inputs["image"]));
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["pixel_values_every_7th"] = pixels[
                torch.TensorIndex.Colon,
                torch.TensorIndex.Colon,
                torch.TensorIndex.Slice(step: 7),
                torch.TensorIndex.Slice(step: 7)
            ],
            ["image_embeds"] = network.call(pixels.to(device)).Pooled!,
        };
        outputs["vision_model.pooler_output"] = recorder.Recorded["post_layernorm"];
        for (var i = 0; i < states.Count; i++)
            outputs[$"hidden_states.{i}.first_5_tokens"] = recorder.Recorded[states[i]].narrow(1, 0, 5);
        return outputs;
    }
}
