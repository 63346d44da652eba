using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>A diffusion network of ours: what all steps of a generation share is prepared once.</summary>
/// <typeparam name="T">What is prepared.</typeparam>
/// <param name="prepare">Prepares it.</param>
/// <param name="run">One step.</param>
/// <param name="networks">What is disposed in the end.</param>
internal sealed class PreparedContender<T>(Func<T> prepare, Func<T, torch.Tensor> run, params torch.nn.Module?[] networks) : IContender
    where T : Conditioning
{
    private readonly T conditioning = prepare();

    public bool HasPreparation => true;

    public torch.Tensor Run() => run(conditioning);

    public torch.Tensor RunWithPreparation()
    {
        using var fresh = prepare();
        return run(fresh);
    }

    public void Dispose()
    {
        conditioning.Dispose();
        foreach (var network in networks)
            network?.Dispose();
    }
}
