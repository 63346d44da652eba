using static TorchSharp.torch;

namespace ImgAlign.Generation;

/// <summary>The image prompts of some items of a request.</summary>
/// <param name="Items">The items.</param>
/// <param name="Features">Their features, a row an item, <c>[B, n, d]</c>; borrowed.</param>
/// <param name="Unconditional">The features of "no image", <c>[1, n, d]</c>; null where no step is guided; borrowed.</param>
/// <param name="Scale">Their weight.</param>
internal sealed record ImagePromptRows(int[] Items, Tensor Features, Tensor? Unconditional, double Scale)
{
    /// <summary>Those of a batch, on the device that computes it.</summary>
    /// <param name="batch">The items of the batch.</param>
    /// <param name="device">The device.</param>
    public BranchedTokens Of(IReadOnlyList<int> batch, Device device)
    {
        using var scope = NewDisposeScope();
        var rows = batch.Select(item => Features.narrow(0, Array.IndexOf(Items, item), 1)).ToList();
        return new BranchedTokens(
            cat(rows).to(device).DetachFromDisposeScope(),
            Unconditional?.to(device).expand(batch.Count, -1, -1).DetachFromDisposeScope()
        );
    }
}

/// <summary>The image-prompt features of a batch for either branch of guidance. Owns its tensors.</summary>
/// <param name="prompts">The items' own, <c>[B, n, d]</c>.</param>
/// <param name="unconditional">Those of "no image", <c>[B, n, d]</c>; null where no step is guided.</param>
internal sealed class BranchedTokens(Tensor prompts, Tensor? unconditional) : IDisposable
{
    /// <summary>A branch's features, in its order; disposed by the caller.</summary>
    public Tensor Of(Branch branch) =>
        branch switch
        {
            Branch.Prompts => prompts.alias(),
            Branch.Unconditional => unconditional!.alias(),
            _ => cat([unconditional!, prompts]),
        };

    public void Dispose()
    {
        prompts.Dispose();
        unconditional?.Dispose();
    }
}
