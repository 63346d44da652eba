using ImgAlign.Networks.Llama;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Z-Image's text encoder: what Qwen3 makes of a prompt in its chat template, before its last layer.</summary>
internal sealed class ZImageTextEncoder(DeviceRuntime runtime, ZImageTextParts parts, ZImageOptions options) : IDisposable
{
    private readonly ModelSlot<LlamaModel> slot = new(runtime, parts.Network, storage: options.TextEncoderStorage);

    /// <summary>What it needs.</summary>
    public StageFootprint Estimate(int batch) =>
        slot.Footprint(parts.Config.CountActivations(options.MaxTextTokens, newTokens: 0) * batch * slot.ElementBytes);

    /// <summary>What it does not read of a prompt.</summary>
    public IReadOnlyList<UnreadText> FindUnread(string prompt) =>
        parts.FindUnread(prompt, options.MaxTextTokens) is { } unread
            ? [new UnreadText("Qwen3", options.MaxTextTokens - parts.TokensBefore, unread)]
            : [];

    /// <summary>Encodes prompts, each different one once; null is the empty text.</summary>
    public ZImageTextFeatures Encode(IReadOnlyList<string?> prompts)
    {
        var texts = prompts.Select(static prompt => prompt ?? "").ToList();
        var distinct = texts.Distinct().ToList();
        using var scope = NewDisposeScope();
        var ids = TokenRows.ToTensor([.. distinct.Select(text => parts.Tokenize(text, options.MaxTextTokens))], out var lengths);
        using var lease = slot.Use();
        var features = lease.Model.Run(lease.Model.Embed(ids.to(runtime.Device))); // [n, L, d]
        FiniteNumbers.Require(features, "The prompt's features", slot);
        var rows = texts.Select(text => distinct.IndexOf(text)).ToList();
        var index = tensor(rows.Select(static row => (long)row).ToArray(), device: runtime.Device);
        return new ZImageTextFeatures(features.index_select(0, index), [.. rows.Select(row => lengths[row])]);
    }

    public void Dispose() => slot.Dispose();
}
