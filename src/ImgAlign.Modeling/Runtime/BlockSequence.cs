using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>Blocks of a network that run one after the other.</summary>
public abstract class BlockSequence
{
    private protected BlockSequence() { }

    /// <summary>The blocks in their order.</summary>
    internal abstract IReadOnlyList<torch.nn.Module> Modules { get; }

    /// <summary>The weights of each block, where they come and go with its turn; null where they come and go with the network.</summary>
    internal IReadOnlyList<WeightGroup>? Groups { get; set; }
}

/// <summary>Blocks of a network that run one after the other. A network that goes through them by <see cref="InTurn"/> need not have them
/// all in device memory.</summary>
/// <typeparam name="TBlock">What they have in common.</typeparam>
/// <param name="blocks">The blocks in their order; the network's.</param>
public sealed class BlockSequence<TBlock>(IEnumerable<TBlock> blocks) : BlockSequence
    where TBlock : torch.nn.Module
{
    private readonly TBlock[] modules = [.. blocks];

    internal override IReadOnlyList<torch.nn.Module> Modules => modules;

    /// <summary>
    /// All blocks in their order. A block can be used until the next one is asked for, or the enumeration is left: its weights may be gone
    /// then.
    /// </summary>
    public IEnumerable<TBlock> InTurn()
    {
        for (var index = 0; index < modules.Length; index++)
        {
            Groups?[index].Bring();
            try
            {
                yield return modules[index];
            }
            finally
            {
                Groups?[index].Evict();
            }
        }
    }
}
