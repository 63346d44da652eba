using ImgAlign.Alignment;
using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Passes everything on to an aligner, and keeps the features after each pass.</summary>
/// <param name="inner">The aligner; its owner is this.</param>
internal sealed class RecordedAligner(IImplicitAligner inner) : IImplicitAligner
{
    private readonly RecordedTensors kept = new();

    public string Name => inner.Name;

    public DeviceRuntime Runtime => inner.Runtime;

    public int DetectorWidth => inner.DetectorWidth;

    public int TokenWidth => inner.TokenWidth;

    public AlignerOrigin? Origin => inner.Origin;

    /// <summary>The features after each pass of the last alignment.</summary>
    public IReadOnlyList<torch.Tensor> Passes { get; private set; } = [];

    public torch.Tensor Align(torch.Tensor h, torch.Tensor z, int passes = 3)
    {
        Passes =
        [
            .. Enumerable
                .Range(1, passes)
                .Select(pass =>
                {
                    using var aligned = inner.Align(h, z, pass);
                    return kept.Keep(aligned);
                }),
        ];
        return Passes[^1].clone();
    }

    public void Dispose() => inner.Dispose();
}
