namespace ImgAlign;

/// <summary>Implemented by models that can say beforehand how much device memory they need.</summary>
public interface IMemoryFootprint
{
    /// <summary>The model's stages.</summary>
    /// <param name="workload">What the run asks of them.</param>
    IReadOnlyList<StageFootprint> EstimateStages(Workload workload);
}
