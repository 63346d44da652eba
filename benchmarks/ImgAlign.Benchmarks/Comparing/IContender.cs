using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>One of the two sides of a comparison, with its weights and inputs.</summary>
internal interface IContender : IDisposable
{
    /// <summary>What is timed: one forward pass, of what a generation repeats.</summary>
    torch.Tensor Run();

    /// <summary>The same including what a generation computes once, such as the keys and values of prompts.</summary>
    torch.Tensor RunWithPreparation() => Run();

    /// <summary>Whether <see cref="RunWithPreparation"/> does more.</summary>
    bool HasPreparation => false;
}
