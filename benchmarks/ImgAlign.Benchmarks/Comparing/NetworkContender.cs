using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>A network of ours that has nothing to prepare.</summary>
internal sealed class NetworkContender(torch.nn.Module network, Func<torch.Tensor> run) : IContender
{
    public torch.Tensor Run() => run();

    public void Dispose() => network.Dispose();
}
