namespace ImgAlign.Runtime;

/// <summary>Implemented by networks most of whose weights are in blocks that run one after the other.</summary>
public interface IBlockNetwork
{
    /// <summary>The blocks.</summary>
    BlockSequence Blocks { get; }
}
