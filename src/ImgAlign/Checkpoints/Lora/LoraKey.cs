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
internal sealed record LoraKey(LoraTarget Target, string Module, LoraPart Part)
{
    // Longer endings first, where one is the end of another.
    private static readonly (string Ending, LoraPart Part)[] Endings =
    [
        (".lora_A.weight", LoraPart.Down), (".lora_B.weight", LoraPart.Up),  // peft, diffusers
        (".lora_down.weight", LoraPart.Down), (".lora_up.weight", LoraPart.Up),  // kohya
        (".lora_linear_layer.down.weight", LoraPart.Down), (".lora_linear_layer.up.weight", LoraPart.Up),  // diffusers before 0.22, text encoders
        (".lora.down.weight", LoraPart.Down), (".lora.up.weight", LoraPart.Up),  // diffusers before 0.26
        ("_lora.down.weight", LoraPart.Down), ("_lora.up.weight", LoraPart.Up),  // diffusers' attention processors
        (".down.weight", LoraPart.Down), (".up.weight", LoraPart.Up),  // XLabs' attention processors
        (".alpha", LoraPart.Alpha),
    ];

    private static readonly (string Start, LoraTarget Target)[] Starts =
    [
        ("lora_unet_", LoraTarget.Denoiser), ("lora_te1_", LoraTarget.TextEncoder), ("lora_te2_", LoraTarget.TextEncoder2),
        ("lora_te3_", LoraTarget.TextEncoder2), ("lora_te_", LoraTarget.TextEncoder), ("lora_transformer_", LoraTarget.Denoiser),
        ("transformer.", LoraTarget.Denoiser), ("unet.", LoraTarget.Denoiser), ("text_encoder.", LoraTarget.TextEncoder), ("text_encoder_2.", LoraTarget.TextEncoder2),
        ("base_model.model.", LoraTarget.Denoiser), ("diffusion_model.", LoraTarget.Denoiser),  // peft, ComfyUI
        ("text_encoders.clip_l.transformer.", LoraTarget.TextEncoder), ("text_encoders.t5xxl.transformer.", LoraTarget.TextEncoder2),
        ("", LoraTarget.Denoiser),
    ];

    /// <summary>The layer's path with underscores for dots, as kohya writes it: the formats differ in the dots alone.</summary>
    public string Layer => Flatten(Module);

    /// <summary>Reads a key, or gives null when it is of no known form.</summary>
    public static LoraKey? Parse(string key)
    {
        var (ending, part) = Array.Find(Endings, known => key.EndsWith(known.Ending, StringComparison.Ordinal));
        if (ending is null) return null;
        var (start, target) = Array.Find(Starts, known => key.StartsWith(known.Start, StringComparison.Ordinal));
        var path = key[start.Length..^ending.Length];
        if (path.Contains(".processor.", StringComparison.Ordinal))
        {
            path = path.Replace(".processor.", ".", StringComparison.Ordinal);
            if (path.EndsWith(".to_out", StringComparison.Ordinal)) path += ".0";
        }
        return new LoraKey(target, path, part);
    }

    /// <summary>A path as <see cref="Layer"/> has it.</summary>
    public static string Flatten(string path) => path.Replace('.', '_');
}
