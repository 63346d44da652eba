namespace ImgAlign;

/// <summary>One stage of a model: weights that are needed on the device together.</summary>
/// <param name="name">The stage in messages, such as <c>SDXL UNet</c>.</param>
/// <param name="weightBytes">Bytes of its weights in the precision that they run in.</param>
/// <param name="activationBytes">An upper estimate of what a forward pass needs beside the weights.</param>
/// <param name="streamedWeightBytes">Bytes of the weights that are needed at the same time, where they can be brought block by block; null
/// where they cannot.</param>
public sealed class StageFootprint(string name, long weightBytes, long activationBytes, long? streamedWeightBytes = null)
{
    /// <summary>The stage in messages, such as <c>SDXL UNet</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Bytes of its weights in the precision that they run in.</summary>
    public long WeightBytes { get; } = weightBytes;

    /// <summary>An upper estimate of what a forward pass needs beside the weights.</summary>
    public long ActivationBytes { get; } = activationBytes;

    /// <summary>Bytes of the weights that are needed at the same time, where they can be brought block by block; null where they
    /// cannot.</summary>
    public long? StreamedWeightBytes { get; } = streamedWeightBytes;
}
