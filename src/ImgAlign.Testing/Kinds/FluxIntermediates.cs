using ImgAlign.Networks.Flux;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Runs FLUX's transformer and finds what the references call its intermediate values.</summary>
internal static class FluxIntermediates
{
    public static Dictionary<string, torch.Tensor> Run(
        GoldenCase golden,
        FluxTransformer transformer,
        FluxImagePromptAdapter? adapter,
        torch.Tensor? imageTokens,
        torch.Device device
    )
    {
        var inputs = golden.Inputs.ToDictionary(pair => pair.Key, pair => pair.Value.to(torch.float32).to(device));
        var scale = golden.Options.TryGetProperty("ip_scale", out var value) ? value.GetDouble() : 1.0;
        var batch = inputs["img"].shape[0];
        using var recorder = new ModuleRecorder(
            transformer,
            golden
                .Outputs.Keys.Select(PathOf)
                .Where(path => path != "time_text_embed")
                .Concat(Embedders.Select(name => EmbeddingPath + name))
        );
        using var conditioning = transformer.Prepare(
            inputs["txt"],
            inputs["vec"],
            inputs.GetValueOrDefault("guidance") ?? torch.zeros(batch, device: device),
            inputs["txt_ids"],
            inputs["img_ids"],
            adapter,
            imageTokens,
            adapter is null ? null : [.. Enumerable.Repeat(scale, (int)batch)]
        );
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["sample"] = transformer.call(inputs["img"], inputs["timestep"], conditioning),
        };
        foreach (var name in golden.Outputs.Keys.Where(name => !outputs.ContainsKey(name)))
        {
            if (Find(name, recorder.Recorded, conditioning) is { } found)
                outputs[name] = found;
        }
        return outputs;
    }

    private const string EmbeddingPath = "time_text_embed.";
    private static readonly string[] Embedders = ["timestep_embedder", "guidance_embedder", "text_embedder"];

    private static torch.Tensor? Find(string output, Dictionary<string, torch.Tensor> recorded, FluxConditioning conditioning)
    {
        var (cosines, sines) = (conditioning.Rotations.real.squeeze(2), conditioning.Rotations.imag.squeeze(2)); // [B, L + N, dh/2]
        switch (output)
        {
            case "pe":
                return torch.stack([cosines, -sines, sines, cosines], -1).view([.. cosines.shape, 2, 2]).unsqueeze(1);
            case "pos_embed.cos":
                return cosines[0].repeat_interleave(2, 1);
            case "pos_embed.sin":
                return sines[0].repeat_interleave(2, 1);
            case "time_text_embed":
                return Embedders
                    .Select(name => recorded.GetValueOrDefault(EmbeddingPath + name))
                    .OfType<torch.Tensor>()
                    .Aggregate((sum, next) => sum.Plus(next));
        }
        if (!recorded.TryGetValue(PathOf(output), out var value))
            return null;
        // Blocks hold text and image together where the references keep them apart.
        if (IsImage(output))
            return value.narrow(1, conditioning.TextLength, conditioning.ImageLength);
        return IsText(output) ? value.narrow(1, 0, conditioning.TextLength) : value;
    }

    private static bool IsImage(string output) =>
        output.EndsWith(".img", StringComparison.Ordinal) || output.EndsWith(".hidden_states", StringComparison.Ordinal);

    private static bool IsText(string output) =>
        output.EndsWith(".txt", StringComparison.Ordinal) || output.EndsWith(".encoder_hidden_states", StringComparison.Ordinal);

    private static string PathOf(string output)
    {
        if (IsImage(output) || IsText(output))
            output = output[..output.LastIndexOf('.')];
        return output switch
        {
            "timestep_embedding" => EmbeddingPath + "time_proj",
            "time_in" => EmbeddingPath + "timestep_embedder",
            "guidance_in" => EmbeddingPath + "guidance_embedder",
            "vector_in" => EmbeddingPath + "text_embedder",
            "img_in" => "x_embedder",
            "txt_in" => "context_embedder",
            "final_layer" => "proj_out",
            _ when output.StartsWith("double_blocks.", StringComparison.Ordinal) => "transformer_blocks."
                + output["double_blocks.".Length..],
            _ when output.StartsWith("single_blocks.", StringComparison.Ordinal) => "single_transformer_blocks."
                + output["single_blocks.".Length..],
            _ => output,
        };
    }
}
