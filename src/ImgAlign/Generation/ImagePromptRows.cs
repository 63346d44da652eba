using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>The image prompts of the pictures of a generation that have one.</summary>
/// <param name="Features">Their features, a row each, <c>[B, n, d]</c>; borrowed.</param>
/// <param name="Unconditional">The features of "no image", <c>[1, n, d]</c>; null where no step is guided, or there are none; borrowed.</param>
/// <param name="Scale">Their weight.</param>
internal sealed record ImagePromptRows(Tensor Features, Tensor? Unconditional, double Scale)
{
    /// <summary>Some of them, on the device that computes their pictures.</summary>
    /// <param name="wanted">Their rows.</param>
    /// <param name="device">The device.</param>
    public BranchedTokens Of(IEnumerable<int> wanted, Device device)
    {
        using var scope = NewDisposeScope();
        var rows = wanted.Select(row => Features.narrow(0, row, 1)).ToList();
        return new BranchedTokens(
            cat(rows).to(device).DetachFromDisposeScope(),
            Unconditional?.to(device).expand(rows.Count, -1, -1).DetachFromDisposeScope()
        );
    }
}

/// <summary>The image-prompt features of a batch for either branch of guidance. Owns its tensors.</summary>
/// <param name="prompts">The items' own, <c>[B, n, d]</c>.</param>
/// <param name="unconditional">Those of "no image", <c>[B, n, d]</c>; null where no step is guided, or there are none.</param>
internal sealed class BranchedTokens(Tensor prompts, Tensor? unconditional) : IDisposable
{
    /// <summary>A branch's features, in its order, or null where it has none; disposed by the caller.</summary>
    public Tensor? Of(Branch branch) =>
        branch switch
        {
            Branch.Prompts => prompts.alias(),
            Branch.Unconditional => unconditional?.alias(),
            _ => cat([unconditional!, prompts]),
        };

    public void Dispose()
    {
        prompts.Dispose();
        unconditional?.Dispose();
    }
}
