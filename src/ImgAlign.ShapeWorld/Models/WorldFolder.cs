using System.Security.Cryptography;
using ImgAlign.Backbones;
using ImgAlign.Detectors;
using ImgAlign.ShapeWorld.Language;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>Where the world's checkpoints are: a folder of SDXL, one of the image prompt, a LLaVA, a CLIP and an aligner, all in published
/// layouts.</summary>
/// <param name="root">The folder that holds them.</param>
public sealed class WorldFolder(string root)
{
    /// <summary>The folder that holds them.</summary>
    public string Root { get; } = root;

    /// <summary>The template of the detector's questions.</summary>
    internal const string QuestionTemplate = "plain";

    /// <summary>The trained world that comes with this package: builds copy it to the folder <c>ShapeWorld</c> beside the
    /// program.</summary>
    /// <exception cref="ImgAlignException">It is not there.</exception>
    public static WorldFolder Embedded
    {
        get
        {
            var root = Path.Combine(AppContext.BaseDirectory, "ShapeWorld");
            return Directory.Exists(root)
                ? new WorldFolder(root)
                : throw new ImgAlignException(
                    $"{root}: ShapeWorld's weights are not there; they come with the package ImgAlign.ShapeWorld, so build or "
                        + "publish the program anew, or name another world's folder."
                );
        }
    }

    /// <summary>The aligner's file.</summary>
    public string Aligner => Path.Combine(Root, "aligner.safetensors");

    /// <summary>The detector's folder.</summary>
    public string Detector => Path.Combine(Root, "detector");

    /// <summary>The scorer's folder, a CLIP model.</summary>
    public string Scorer => Path.Combine(Root, "scorer");

    internal string TextEncoder => Path.Combine(Sdxl, "text_encoder");

    internal string TextEncoder2 => Path.Combine(Sdxl, "text_encoder_2");

    internal string Tokenizer => Path.Combine(Sdxl, "tokenizer");

    internal string Autoencoder => Path.Combine(Sdxl, "vae");

    internal string UNet => Path.Combine(Sdxl, "unet");

    internal string ImageEncoder => Path.Combine(ImagePrompt, "image_encoder");

    internal string Resampler => Path.Combine(ImagePrompt, "resampler.safetensors");

    internal string Adapter => Path.Combine(ImagePrompt, "ip-adapter.safetensors");

    private string Sdxl => Path.Combine(Root, "sdxl");

    private string ImagePrompt => Path.Combine(Root, "image_prompt");

    /// <summary>Where the diffusion model is, and its image prompt.</summary>
    public SdxlOptions BackboneOptions() =>
        new()
        {
            ModelPath = Sdxl,
            ImageEncoderPath = ImageEncoder,
            ResamplerPath = Resampler,
            AdapterPath = Adapter,
        };

    /// <summary>Where the detector is, and how it is asked.</summary>
    public LlavaOptions DetectorOptions() =>
        new()
        {
            ModelPath = Detector,
            Template = QuestionTemplate,
            JudgeTemplate = QuestionTemplate,
        };

    /// <summary>SHA-256 of all weights, in the order of their files' names.</summary>
    internal string HashWeights()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(Root, "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            hash.AppendData(File.ReadAllBytes(file));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Writes all configurations and tokenizers; weights are the training's matter.</summary>
    internal void WriteConfigurations()
    {
        Write(
            Sdxl,
            "model_index.json",
            new Dictionary<string, object>
            {
                ["_class_name"] = "StableDiffusionXLPipeline",
                ["force_zeros_for_empty_prompt"] = true,
                ["scheduler"] = List("diffusers", "EulerDiscreteScheduler"),
                ["text_encoder"] = List("transformers", "CLIPTextModel"),
                ["text_encoder_2"] = List("transformers", "CLIPTextModelWithProjection"),
                ["tokenizer"] = List("transformers", "CLIPTokenizer"),
                ["tokenizer_2"] = List("transformers", "CLIPTokenizer"),
                ["unet"] = List("diffusers", "UNet2DConditionModel"),
                ["vae"] = List("diffusers", "AutoencoderKL"),
            }
        );
        Write(
            Path.Combine(Sdxl, "scheduler"),
            "scheduler_config.json",
            Named(WorldNetworks.Scheduler, ("_class_name", "EulerDiscreteScheduler"))
        );
        Write(Autoencoder, "config.json", Named(WorldNetworks.Autoencoder, ("_class_name", "AutoencoderKL")));
        Write(
            UNet,
            "config.json",
            Named(
                WorldNetworks.UNet,
                ("_class_name", "UNet2DConditionModel"),
                ("addition_embed_type", "text_time"),
                ("sample_size", WorldNetworks.UNet.SampleSize![0]),
                ("layers_per_block", WorldNetworks.UNet.LayersPerBlock[0]),
                ("transformer_layers_per_block", WorldNetworks.UNet.TransformerLayersPerBlock[0][0])
            )
        );
        Write(TextEncoder, "config.json", Named(WorldNetworks.TextEncoder, ("model_type", "clip_text_model")));
        Write(TextEncoder2, "config.json", Named(WorldNetworks.TextEncoder2, ("model_type", "clip_text_model")));
        Write(ImageEncoder, "config.json", Named(WorldNetworks.ImageEncoder, ("model_type", "clip_vision_model")));
        Write(
            Scorer,
            "config.json",
            new Dictionary<string, object>
            {
                ["architectures"] = List("CLIPModel"),
                ["model_type"] = "clip",
                ["projection_dim"] = WorldNetworks.ImageEncoder.ProjectionDim,
                ["text_config"] = Named(WorldNetworks.TextEncoder2, ("model_type", "clip_text_model")),
                ["vision_config"] = Named(WorldNetworks.ImageEncoder, ("model_type", "clip_vision_model")),
            }
        );
        WriteDetectorConfiguration();
        foreach (var folder in new[] { Tokenizer, Path.Combine(Sdxl, "tokenizer_2"), Scorer })
            ClipTokenizerFiles.Write(folder);
    }

    /// <summary>Writes the detector's configuration and tokenizer.</summary>
    internal void WriteDetectorConfiguration()
    {
        Write(
            Detector,
            "config.json",
            new Dictionary<string, object>
            {
                ["architectures"] = List("LlavaForConditionalGeneration"),
                ["model_type"] = "llava",
                ["image_token_index"] = LlamaTokenizerFiles.ImageId,
                ["pad_token_id"] = LlamaTokenizerFiles.PadId,
                ["projector_hidden_act"] = "gelu",
                ["tie_word_embeddings"] = WorldNetworks.LanguageModel.TieWordEmbeddings,
                ["vision_feature_layer"] = -2,
                ["vision_feature_select_strategy"] = "default",
                ["text_config"] = Named(WorldNetworks.LanguageModel, ("model_type", "llama")),
                ["vision_config"] = Named(WorldNetworks.ImageEncoder, ("model_type", "clip_vision_model")),
            }
        );
        Write(
            Detector,
            "generation_config.json",
            new Dictionary<string, object> { ["eos_token_id"] = LlamaTokenizerFiles.EndId, ["pad_token_id"] = LlamaTokenizerFiles.PadId }
        );
        LlamaTokenizerFiles.Write(Detector);
    }

    private static void Write<T>(string folder, string name, T value)
    {
        Directory.CreateDirectory(folder);
        JsonFile.Write(Path.Combine(folder, name), value);
    }

    private static Dictionary<string, object> Named<T>(T config, params (string Name, object Value)[] additions)
    {
        var fields = JsonFile.Fields(config).ToDictionary(static field => field.Key, static field => (object)field.Value);
        foreach (var (name, value) in additions)
            fields[name] = value;
        return fields;
    }

    private static IReadOnlyList<string> List(params IReadOnlyList<string> names) => names;
}
