using static TorchSharp.torch;

namespace ImgAlign.Running;

/// <summary>What the detector made of the items of a round. Owns the detections.</summary>
/// <param name="detections">One an item.</param>
internal sealed class DetectionBatch(IReadOnlyList<Detection> detections) : IDisposable
{
    public Detection this[int item] => detections[item];

    /// <summary>Moves the image-prompt features of the first items; those whose hidden states are of one length together.</summary>
    /// <param name="aligner">The aligner.</param>
    /// <param name="z">The features, a row an item, <c>[B, n, d]</c>; borrowed.</param>
    /// <param name="passes">How often the aligner is applied.</param>
    /// <returns>The aligned features, <c>[B, n, d]</c>, on the aligner's device; disposed by the caller.</returns>
    public Tensor Align(IImplicitAligner aligner, Tensor z, int passes)
    {
        using var scope = NewDisposeScope();
        var device = aligner.Runtime.Device;
        var rows = new Tensor[z.shape[0]];
        foreach (var group in Enumerable.Range(0, rows.Length).GroupBy(item => detections[item].HiddenStates.shape[1]))
        {
            var items = group.ToList();
            var h = cat([.. items.Select(item => detections[item].HiddenStates)]).to(device);
            var aligned = aligner.Align(h, cat([.. items.Select(item => z.narrow(0, item, 1))]).to(device), passes);
            foreach (var (place, item) in items.Index())
                rows[item] = aligned.narrow(0, place, 1);
        }
        return cat(rows).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        foreach (var detection in detections)
            detection.Dispose();
    }
}
