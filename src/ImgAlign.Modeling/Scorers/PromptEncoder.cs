using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>Puts prompts into the space of a CLIP.</summary>
/// <param name="runtime">The device.</param>
/// <param name="parts">The text encoder.</param>
public sealed class PromptEncoder(DeviceRuntime runtime, PromptParts parts) : IDisposable
{
    private readonly ModelSlot<ClipTextModel> slot = new(runtime, parts.Network);

    /// <summary>Where prompts are; each different one is encoded once.</summary>
    /// <param name="prompts">B prompts.</param>
    /// <returns>Unit vectors <c>[B, p]</c>, float32, on the device; disposed by the caller.</returns>
    /// <exception cref="ImgAlignException">They are not finite; the message names the weights at fault, if they are.</exception>
    public Tensor Encode(IReadOnlyList<string> prompts)
    {
        List<string> distinct = [.. prompts.Distinct()];
        using var scope = NewDisposeScope();
        using var lease = slot.Use();
        var features = lease.Model.call(Tokenize(distinct).to(runtime.Device)).Pooled!.to(float32);
        FiniteNumbers.Require(features, "The prompt's features", slot);
        var rows = tensor(prompts.Select(prompt => (long)distinct.IndexOf(prompt)).ToArray(), device: runtime.Device);
        return nn.functional.normalize(features, dim: -1).index_select(0, rows).MoveToOuterDisposeScope();
    }

    /// <summary>What the network reads, padded to the longest prompt: what follows a prompt's end does not matter to it.</summary>
    /// <param name="prompts">B prompts.</param>
    /// <returns>Ids <c>[B, N]</c>, int64, on the CPU; disposed by the caller.</returns>
    public Tensor Tokenize(IReadOnlyList<string> prompts)
    {
        using var scope = NewDisposeScope();
        var longest = 0;
        var ids = stack([
            .. prompts.Select(prompt =>
            {
                var row = parts.Tokenizer.Encode(prompt, parts.Tokenizer.MaxLength, out var length);
                longest = Math.Max(longest, length);
                return tensor(row);
            }),
        ]);
        return ids.narrow(1, 0, longest).MoveToOuterDisposeScope();
    }

    /// <summary>What the network does not read of a prompt; null where it reads all of it.</summary>
    public UnreadText? FindUnread(string prompt) =>
        parts.Tokenizer.FindUnread(prompt) is { } unread ? new UnreadText("text encoder", parts.Tokenizer.MaxTextTokens, unread) : null;

    /// <summary>What it needs to encode prompts at once.</summary>
    public StageFootprint Estimate(int batch) => slot.Footprint(parts.Config.EstimateActivations(parts.Tokenizer.MaxLength) * batch);

    /// <summary>Frees the network.</summary>
    public void Dispose() => slot.Dispose();
}
