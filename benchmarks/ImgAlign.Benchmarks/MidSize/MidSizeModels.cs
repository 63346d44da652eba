using System.Text.Json.Nodes;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.T5;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Benchmarks.MidSize;

/// <summary>
/// A FLUX and a LLaVA in published layouts whose largest networks are between the tiny stand-ins and the published ones: transformer 330
/// MB, T5 250 MB, LLaVA 280 MB in float32, by rule. All else is the stand-ins'.
/// </summary>
/// <param name="folder">The folder of the files.</param>
/// <param name="golden">The folder of the golden cases, which holds the stand-ins.</param>
internal sealed class MidSizeModels(string folder, string golden)
{
    private const int LlavaHidden = 6000;
    private const int LlavaLayers = 60;
    private const int LlavaWidth = 64;

    /// <summary>Writes the files.</summary>
    public void Write()
    {
        const int width = 640;
        var model = Path.Combine(golden, "flux", "FLUX.1-dev");
        foreach (var part in (string[])["text_encoder", "tokenizer", "tokenizer_2", "scheduler", "vae"])
            Directory.CreateSymbolicLink(In("flux", part), Path.GetFullPath(Path.Combine(model, part)));

        var flux = FluxConfig.Read(
            WriteConfig(
                Path.Combine(model, "transformer"),
                In("flux", "transformer"),
                config =>
                {
                    (config["num_attention_heads"], config["attention_head_dim"], config["joint_attention_dim"]) = (width / 64, 64, width);
                    config["axes_dims_rope"] = new JsonArray(8, 28, 28);
                    (config["num_layers"], config["num_single_layers"]) = (3, 6);
                }
            )
        );
        using (var network = new FluxTransformer(flux, torch.META))
            WriteWeights(In("flux", "transformer", "diffusion_pytorch_model.safetensors"), network);

        var t5 = T5Config.Read(
            WriteConfig(
                Path.Combine(model, "text_encoder_2"),
                In("flux", "text_encoder_2"),
                config =>
                {
                    (config["d_model"], config["d_kv"], config["num_heads"], config["d_ff"], config["num_layers"]) = (
                        width,
                        64,
                        width / 64,
                        1792,
                        12
                    );
                }
            )
        );
        using (var network = new T5EncoderModel(t5, torch.META))
            WriteWeights(In("flux", "text_encoder_2", "model.safetensors"), network);

        var released = Path.Combine(golden, "flux", "flux-ip-adapter");
        Directory.CreateSymbolicLink(In("ip", "image_encoder"), Path.GetFullPath(Path.Combine(released, "image_encoder")));
        WriteImagePrompt(Path.Combine(released, "ip_adapter.safetensors"), flux);

        var stand = Path.Combine(golden, "mllm", "llava-hf");
        foreach (
            var file in new DirectoryInfo(stand)
                .GetFiles("*.json")
                .Concat(new DirectoryInfo(stand).GetFiles("*.model"))
                .Where(file => !file.Name.EndsWith(".index.json", StringComparison.Ordinal))
        )
            file.CopyTo(In("llava", file.Name), overwrite: true);
        WriteConfig(
            stand,
            In("llava"),
            config =>
                (config["text_config"]!["intermediate_size"], config["text_config"]!["num_hidden_layers"]) = (LlavaHidden, LlavaLayers)
        );
        WriteLlava(stand);

        // As the stand-in, for LLaVA's hidden states.
        using var aligner = Checkpoint.Open(Path.Combine(golden, "flux", "aligner", "aligner_flux.pth"));
        using var weights = new RuleCheckpoint(
            1,
            aligner.Tensors.Select(pair => KeyValuePair.Create(pair.Key, Replaced(pair.Value.Shape, 40, LlavaWidth)))
        );
        SafetensorsWriter.Write(AlignerPath, weights);
    }

    /// <summary>The folder of the files.</summary>
    public string Folder => folder;

    /// <summary>FLUX with its image prompt.</summary>
    public FluxOptions Flux(WeightStorage storage = WeightStorage.None) =>
        new()
        {
            ModelPath = In("flux"),
            ImagePromptPath = In("ip"),
            MaxTextTokens = 64,
            Storage = storage,
            TextEncoderStorage = storage,
        };

    /// <summary>LLaVA.</summary>
    public LlavaOptions Llava(WeightStorage storage = WeightStorage.None) => new() { ModelPath = In("llava"), Storage = storage };

    /// <summary>The aligner for these two.</summary>
    public string AlignerPath => In("aligner.safetensors");

    private string In(params string[] parts)
    {
        var path = Path.Combine([folder, .. parts]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private static string WriteConfig(string from, string to, Action<JsonNode> change)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "config.json")))!;
        change(config);
        Directory.CreateDirectory(to);
        var path = Path.Combine(to, "config.json");
        File.WriteAllText(path, config.ToJsonString());
        return path;
    }

    private static void WriteWeights(string path, torch.nn.Module network)
    {
        using var weights = new RuleCheckpoint(1, Shapes(network));
        SafetensorsWriter.Write(path, weights);
    }

    // The stand-in's projector, and keys and values for the wider transformer.
    private void WriteImagePrompt(string released, FluxConfig flux)
    {
        using var scope = torch.NewDisposeScope();
        using var file = Checkpoint.Open(released);
        using var projection = FluxImageProjection.FromShapes(file);
        using var adapter = new FluxImagePromptAdapter(flux, projection.Width, torch.META);
        using var weights = new RuleCheckpoint(1, Shapes(adapter));
        var tensors = weights.Tensors.Keys.ToDictionary(name => name, weights.Read);
        foreach (var name in file.Tensors.Keys.Where(name => !name.Contains(".processor.", StringComparison.Ordinal)))
            tensors[name] = file.Read(name);
        SafetensorsWriter.Write(In("ip", "ip_adapter.safetensors"), tensors);
    }

    // As the stand-in, with more layers and wider feed-forwards.
    private void WriteLlava(string stand)
    {
        const string layers = "language_model.model.layers.";
        using var file = Checkpoint.Open(stand);
        var shapes = new Dictionary<string, long[]>();
        foreach (var (name, info) in file.Tensors)
        {
            var shape = name.Contains(".mlp.", StringComparison.Ordinal) ? Replaced(info.Shape, 176, LlavaHidden) : [.. info.Shape];
            if (!name.StartsWith(layers, StringComparison.Ordinal))
                shapes.Add(name, shape);
            else if (name.StartsWith(layers + "0.", StringComparison.Ordinal))
                for (var layer = 0; layer < LlavaLayers; layer++)
                    shapes.Add($"{layers}{layer}.{name[(layers.Length + 2)..]}", shape);
        }
        using var weights = new RuleCheckpoint(1, shapes);
        SafetensorsWriter.Write(In("llava", "model.safetensors"), weights);
    }

    private static long[] Replaced(IReadOnlyList<long> shape, long size, long other) =>
        [.. shape.Select(side => side == size ? other : side)];

    private static IEnumerable<KeyValuePair<string, long[]>> Shapes(torch.nn.Module network) =>
        network.named_parameters().Select(pair => KeyValuePair.Create(pair.name, pair.parameter.shape));
}
