namespace ImgAlign;

/// <summary>One stage of a model: weights that are needed on the device together.</summary>
/// <param name="Name">The stage in messages, such as <c>SDXL UNet</c>.</param>
/// <param name="WeightBytes">Bytes of its weights in the precision that they run in.</param>
/// <param name="ActivationBytes">An upper estimate of what a forward pass needs beside the weights.</param>
public readonly record struct StageFootprint(string Name, long WeightBytes, long ActivationBytes)
{
    /// <summary>Bytes of the weights that are needed at the same time, where they can be brought block by block; null where they cannot.</summary>
    public long? StreamedWeightBytes { get; init; }
}

/// <summary>Implemented by models that can say beforehand how much device memory they need.</summary>
public interface IMemoryFootprint
{
    /// <summary>The model's stages.</summary>
    /// <param name="workload">What the run asks of them.</param>
    IReadOnlyList<StageFootprint> EstimateStages(Workload workload);
}
