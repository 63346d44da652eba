using ImgAlign.Alignment;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;

namespace ImgAlign.Recipes;

/// <summary>Recognizes checkpoints by their tensors, without building a network.</summary>
public static class CheckpointRecognition
{
    private const string Diffusers = "diffusers' names";
    private const string Original = "the original names";
    private const string Transformers = "transformers' names";
    private const string OpenClip = "OpenCLIP's names";

    // The first that fits counts: whole models hold the networks of which they are made.
    private static readonly Func<Marks, RecognizedCheckpoint?>[] Kinds =
    [
        Lora,
        Scorers,
        ZImage,
        Detectors,
        Sdxl,
        StableDiffusion,
        Flux,
        ImagePrompt,
        Perceiver,
        Autoencoder,
        Clip,
        T5,
    ];

    // By the beginnings of their layers' names. A file for CLIP alone, which others have too, is taken for SDXL's.
    private static readonly (string Family, string? Backbone, string[] Layers)[] LoraFamilies =
    [
        ("FLUX.1", "flux", ["transformer_blocks_", "single_transformer_blocks_", "double_blocks_", "single_blocks_"]),
        ("Z-Image", "zimage", ["layers_", "noise_refiner_", "context_refiner_"]),
        ("SDXL", null, ["down_blocks_", "mid_block_", "up_blocks_", "input_blocks_", "middle_block_", "output_blocks_", "text_model_"]),
    ];

    /// <summary>What a checkpoint is; null where it is nothing that is known here.</summary>
    /// <param name="checkpoint">The checkpoint; no data is read.</param>
    public static RecognizedCheckpoint? Of(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var marks = new Marks(checkpoint);
        return Kinds.Select(kind => kind(marks)).FirstOrDefault(static found => found is not null);
    }

    private static RecognizedCheckpoint? Lora(Marks marks)
    {
        var keys = marks.Names.Select(LoraKey.Parse).OfType<LoraKey>().ToList();
        if (!keys.Exists(static key => key.Part == LoraPart.Down) || !keys.Exists(static key => key.Part == LoraPart.Up))
            return null;
        if (marks.Names.Select(LoraKey.OtherKind).FirstOrDefault(static kind => kind is not null) is { } other)
            return new($"{other}, an adapter that is not supported", null, null);
        var (family, backbone, _) = Array.Find(
            LoraFamilies,
            known => keys.Exists(key => known.Layers.Any(layer => key.Layer.StartsWith(layer, StringComparison.Ordinal)))
        );
        if (family is null)
            return new("LoRA of a model that is not known here", null, null);
        if (backbone is null && WidthOfPrompts(marks) is 768 or 1024)
            return new("LoRA of Stable Diffusion 1.x or 2.x", null, null);
        var denoiser = backbone is null ? "the UNet" : "the transformer";
        var targets = string.Join(
            ", ",
            keys.Select(static key => key.Target).Distinct().Order().Select(target => NameOf(target, denoiser))
        );
        var down = marks.Names.First(static name => LoraKey.Parse(name)?.Part == LoraPart.Down);
        var layout =
            marks.Names.Any(static name => name.Contains(".processor.", StringComparison.Ordinal)) ? "names of attention processors"
            : down.StartsWith("lora_", StringComparison.Ordinal) ? "kohya's names"
            : down.Contains("lora_A", StringComparison.Ordinal) ? "peft's names"
            : Diffusers;
        return new(
            $"LoRA of {family}",
            layout,
            $"{(backbone is null ? "" : $"--backbone {backbone} ")}--lora FILE:SCALE",
            $"changes {targets}",
            $"rank {marks.Shape(down)[0]}"
        );
    }

    private static string NameOf(LoraTarget target, string denoiser) =>
        target switch
        {
            LoraTarget.Denoiser => denoiser,
            LoraTarget.TextEncoder => "the first text encoder",
            _ => "the second text encoder",
        };

    // Of the attention to the prompt, which tells SDXL's (2048) from others'.
    private static long? WidthOfPrompts(Marks marks) =>
        marks.Names.FirstOrDefault(static name =>
            name.Contains("attn2_to_k", StringComparison.Ordinal) || name.Contains("attn2.to_k", StringComparison.Ordinal)
        )
            is { } name
        && LoraKey.Parse(name)?.Part == LoraPart.Down
            ? marks.Shape(name)[^1]
            : null;

    private static RecognizedCheckpoint? Scorers(Marks marks) =>
        marks.Find("rm_head.0.weight") is not null ? new("HPSv3", Transformers, "--scorer hpsv3=FILE")
        : marks.Find("blip.visual_encoder.patch_embed.proj.weight") is not null
            ? new("ImageReward", "the authors' names", "--scorer imagereward=FILE")
        : null;

    private static RecognizedCheckpoint? ZImage(Marks marks) =>
        marks.Find("cap_embedder.1.weight") is null
            ? null
            : new(
                "transformer of Z-Image",
                marks.Find("x_embedder.weight") is null ? Diffusers : "the authors' names",
                "--backbone zimage --transformer FILE",
                "predicts the velocity of a flow"
            );

    private static RecognizedCheckpoint? Detectors(Marks marks) =>
        marks.Find("multi_modal_projector.linear_1.weight") is not null ? new("LLaVA-1.5", Transformers, "--detector FOLDER")
        : marks.Find("mm_projector.0.weight") is not null
            ? new("LLaVA-1.5", "the authors' names", "--detector FOLDER --vision-tower FOLDER")
        : marks.Find("visual.blocks.0.mlp.fc1.weight") is not null && marks.Find("visual.merger.mlp.0.weight") is not null
            ? new("Qwen2-VL", Transformers, null, "HPSv3 takes the tokenizer of its folder, Hpsv3:BasePath")
        : marks.Find("visual.merger.mlp.0.weight") is not null ? new("Qwen2.5-VL", Transformers, "--detector-family qwen --detector FOLDER")
        : marks.Find("visual.deepstack_merger_list.0.norm.weight") is not null
            ? new("Qwen3-VL", Transformers, "--detector-family qwen3vl --detector FOLDER, or --judge qwen3vl=FOLDER")
        : null;

    private static RecognizedCheckpoint? Sdxl(Marks marks)
    {
        var (sizes, layout) = marks.Find("label_emb.0.0.weight") is { } original
            ? (original, Original)
            : (marks.Find("add_embedding.linear_1.weight"), Diffusers);
        if (sizes is null)
            return null;
        var input = marks.Find("input_blocks.0.0.weight") ?? marks.Find("conv_in.weight");
        if (input?[1] is { } channels and not 4)
            return new($"UNet of SDXL that takes {channels} channels, as for inpainting", layout, null);
        string[] details =
        [
            marks.Has("v_pred") ? "predicts velocity (v_prediction)" : "predicts noise (epsilon), unless its scheduler says otherwise",
            .. marks.Has("ztsnr") ? (string[])["trained to zero terminal SNR"] : [],
        ];
        if (sizes[1] == 2560)
            return new("SDXL's refiner", layout, null);
        return marks.Has("conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight")
            ? new("SDXL, a whole model", layout, "--model FILE --model-config FOLDER (of its tokenizers)", details)
            : new("UNet of SDXL", layout, "--unet FILE", details);
    }

    private static RecognizedCheckpoint? StableDiffusion(Marks marks) =>
        marks.Find("input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight") is not null
        || marks.Find("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight") is not null
            ? new("Stable Diffusion 1.x or 2.x", null, null)
            : null;

    private static RecognizedCheckpoint? Flux(Marks marks)
    {
        var isAuthors = marks.Find("double_blocks.0.img_attn.qkv.weight") is not null;
        if (!isAuthors && marks.Find("single_transformer_blocks.0.attn.to_q.weight") is null)
            return null;
        if (marks.Find("double_stream_modulation_img.lin.weight") is not null)
            return new("transformer of FLUX.2", null, null);
        var takesGuidance = FluxNames.HasGuidance(marks.Checkpoint) || marks.Find("guidance_in.in_layer.weight") is not null;
        return new(
            "transformer of FLUX.1",
            isAuthors ? "the authors' names" : Diffusers,
            "--backbone flux --transformer FILE",
            takesGuidance ? "takes guidance, as FLUX.1-dev" : "takes no guidance, as FLUX.1-schnell",
            "predicts the velocity of a flow"
        );
    }

    private static RecognizedCheckpoint? ImagePrompt(Marks marks)
    {
        if (marks.Find("redux_up.weight") is not null)
            return new("FLUX.1-Redux", null, "--backbone flux --redux FILE --image-encoder FOLDER (SigLIP)");
        if (
            marks.Find("ip_adapter_proj_model.proj.weight") is { } projection
            && marks.Find("ip_adapter_proj_model.norm.weight") is { } norm
        )
            return new("XLabs' image prompt for FLUX.1", null, "--backbone flux --ip-adapter FILE", $"{projection[0] / norm[0]} tokens");
        if (!marks.Names.Any(static name => name.StartsWith("ip_adapter.", StringComparison.Ordinal)))
            return null;
        return marks.Find("image_proj.latents") is { } latents
            ? new("IP-Adapter Plus for SDXL", null, "--ip-adapter FILE", $"{latents[1]} tokens")
            : new("IP-Adapter without Plus, which is not supported", null, null);
    }

    private static RecognizedCheckpoint? Perceiver(Marks marks)
    {
        if (marks.Find("layers.0.0.to_kv.weight") is null || marks.Find("proj_in.weight") is not { } input)
            return null;
        if (marks.Find("zero_linear.weight") is null)
            return marks.Find("latents") is not { } latents
                ? null
                : new("projection of SDXL's image prompt", null, "--resampler FILE", $"{latents[1]} tokens of width {latents[2]}");
        var origin = AlignerOrigin.Of(marks.Checkpoint);
        return new(
            "Implicit Aligner",
            null,
            origin.Tokens is null ? "--aligner FILE --aligner-tokens N" : "--aligner FILE",
            $"for {(origin.Tokens is { } tokens ? $"{tokens} " : "")}image-prompt tokens of width {input[0]}",
            $"reads hidden states of width {input[1]}{(origin.Detector is { } detector ? $" of {detector}" : "")}"
        );
    }

    private static RecognizedCheckpoint? Autoencoder(Marks marks)
    {
        if (marks.Find("decoder.conv_in.weight") is not { } input || marks.Find("decoder.conv_out.weight") is null)
            return null;
        var isOriginal = marks.Find("decoder.mid.block_1.conv1.weight") is not null;
        var (what, use) = input[1] switch
        {
            4 => ("VAE of SDXL or Stable Diffusion", "--vae FILE"),
            16 => ("VAE of FLUX.1", "--backbone flux --vae FILE"),
            var channels => ($"VAE of {channels} latent channels", null),
        };
        string[] details = marks.Find("encoder.conv_in.weight") is null ? ["without encoder, so that --strength cannot be used"] : [];
        return new(what, isOriginal ? Original : Diffusers, use, details);
    }

    private static RecognizedCheckpoint? Clip(Marks marks)
    {
        var text = marks.Find("text_model.embeddings.token_embedding.weight");
        var vision = marks.Find("vision_model.embeddings.patch_embedding.weight");
        if (marks.Find("visual.conv1.weight") is not null)
            return new("CLIP", OpenClip, "--scorer hps=FILE");
        return (text, vision) switch
        {
            (not null, not null) => new("CLIP", Transformers, "--scorer clipscore=FOLDER, or pickscore=FOLDER"),
            (not null, null) => new("text encoder of CLIP", Transformers, null, "is part of a model's folder"),
            (null, not null) => new("image encoder of CLIP", Transformers, "--image-encoder FOLDER, or LLaVA's --vision-tower FOLDER"),
            _ => null,
        };
    }

    private static RecognizedCheckpoint? T5(Marks marks) =>
        marks.Find("encoder.block.0.layer.0.SelfAttention.q.weight") is null
            ? null
            : new("text encoder of T5", Transformers, null, "is part of FLUX's folder");

    /// <summary>The tensors of a checkpoint by the ends of their names: tools put different prefixes before them.</summary>
    private sealed class Marks(Checkpoint checkpoint)
    {
        public Checkpoint Checkpoint => checkpoint;

        public IEnumerable<string> Names => checkpoint.Tensors.Keys;

        public IReadOnlyList<long> Shape(string name) => checkpoint.Tensors[name].Shape;

        public bool Has(string end) => Find(end) is not null;

        public IReadOnlyList<long>? Find(string end) =>
            checkpoint.Tensors.TryGetValue(end, out var whole) ? whole.Shape
            : Names.FirstOrDefault(name => name.EndsWith($".{end}", StringComparison.Ordinal)) is { } name ? Shape(name)
            : null;
    }
}
