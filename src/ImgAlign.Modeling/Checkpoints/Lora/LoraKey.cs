using System.Text.RegularExpressions;

namespace ImgAlign.Checkpoints;

/// <summary>A part of a low-rank layer.</summary>
internal enum LoraPart
{
    /// <summary>From the input to the rank, called A too.</summary>
    Down,

    /// <summary>From the rank to the output, called B too.</summary>
    Up,

    /// <summary>The numerator of the scale; the denominator is the rank.</summary>
    Alpha,
}

/// <summary>What a key of a LoRA file stands for.</summary>
/// <param name="Target">The network.</param>
/// <param name="Module">The layer's path in it.</param>
/// <param name="Part">Which of the layer's tensors.</param>
internal sealed partial record LoraKey(LoraTarget Target, string Module, LoraPart Part)
{
    // Longer endings first, where one is the end of another.
    private static readonly (string Ending, LoraPart Part)[] Endings =
    [
        (".lora_A.weight", LoraPart.Down),
        (".lora_B.weight", LoraPart.Up), // peft, diffusers
        (".lora_down.weight", LoraPart.Down),
        (".lora_up.weight", LoraPart.Up), // kohya
        (".lora_linear_layer.down.weight", LoraPart.Down),
        (".lora_linear_layer.up.weight", LoraPart.Up), // diffusers before 0.22, text encoders
        (".lora.down.weight", LoraPart.Down),
        (".lora.up.weight", LoraPart.Up), // diffusers before 0.26
        ("_lora.down.weight", LoraPart.Down),
        ("_lora.up.weight", LoraPart.Up), // diffusers' attention processors
        (".down.weight", LoraPart.Down),
        (".up.weight", LoraPart.Up), // XLabs' attention processors
        (".alpha", LoraPart.Alpha),
    ];

    private static readonly (string Start, LoraTarget Target)[] Starts =
    [
        ("lora_unet_", LoraTarget.Denoiser),
        ("lora_te1_", LoraTarget.TextEncoder),
        ("lora_te2_", LoraTarget.TextEncoder2),
        ("lora_te3_", LoraTarget.TextEncoder2),
        ("lora_te_", LoraTarget.TextEncoder),
        ("lora_transformer_", LoraTarget.Denoiser),
        ("transformer.", LoraTarget.Denoiser),
        ("unet.", LoraTarget.Denoiser),
        ("text_encoder.", LoraTarget.TextEncoder),
        ("text_encoder_2.", LoraTarget.TextEncoder2),
        ("diffusion_model.", LoraTarget.Denoiser),
        ("model.diffusion_model.", LoraTarget.Denoiser), // ComfyUI
        ("text_encoders.clip_l.transformer.", LoraTarget.TextEncoder),
        ("text_encoders.clip_g.transformer.", LoraTarget.TextEncoder2),
        ("text_encoders.t5xxl.transformer.", LoraTarget.TextEncoder2),
        ("", LoraTarget.Denoiser),
    ];

    /// <summary>The layer's path with underscores for dots, as kohya writes it: the formats differ in the dots alone.</summary>
    public string Layer => Flatten(Module);

    // What refuses a file: the kinds of adapters that are told from a LoRA by a name.
    private static readonly (string Part, string Kind)[] Others =
    [
        ("hada_", "LoHa"),
        ("lokr_", "LoKr"),
        ("dora_scale", "DoRA"),
        ("lora_magnitude_vector", "DoRA"),
        ("lora_mid", "LoCon of Tucker form"),
        ("oft_", "OFT"),
    ];

    /// <summary>What peft puts before the path of a layer, wherever a path begins.</summary>
    private const string PeftWrapper = "base_model.model.";

    /// <summary>The kind of adapter that a key belongs to which is not of a LoRA, or null where it is not known either.</summary>
    public static string? OtherKind(string key) => Array.Find(Others, other => key.Contains(other.Part, StringComparison.Ordinal)).Kind;

    /// <summary>Whether it is a layer of a CLIP text encoder in a file that does not say which encoder is meant.</summary>
    public bool IsOfUnnamedEncoder => Target == LoraTarget.Denoiser && Module.StartsWith("text_model.", StringComparison.Ordinal);

    /// <summary>Reads a key, or gives null when it is of no known form.</summary>
    public static LoraKey? Parse(string key)
    {
        key = AdapterName().Replace(key.Replace(PeftWrapper, "", StringComparison.Ordinal), ".lora_$1.weight");
        var (ending, part) = Array.Find(Endings, known => key.EndsWith(known.Ending, StringComparison.Ordinal));
        if (ending is null)
            return null;
        var (start, target) = Array.Find(Starts, known => key.StartsWith(known.Start, StringComparison.Ordinal));
        var path = key[start.Length..^ending.Length];
        if (path.Contains(".processor.", StringComparison.Ordinal))
        {
            path = path.Replace(".processor.", ".", StringComparison.Ordinal);
            if (path.EndsWith(".to_out", StringComparison.Ordinal))
                path += ".0";
        }
        return new LoraKey(target, path, part);
    }

    // As peft names parameters in memory: one adapter of several that a model can have.
    [GeneratedRegex(@"\.lora_([AB])\.[^.]+\.weight\z")]
    private static partial Regex AdapterName();

    /// <summary>A path as <see cref="Layer"/> has it.</summary>
    public static string Flatten(string path) => path.Replace('.', '_');
}
