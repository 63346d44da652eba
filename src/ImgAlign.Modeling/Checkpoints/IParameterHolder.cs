using TorchSharp.Modules;

namespace ImgAlign.Checkpoints;

/// <summary>
/// A layer with parameters of its own. Built on the meta device, it is given its weights through this; TorchSharp's linear, convolution,
/// embedding and normalisation layers need no such help.
/// </summary>
public interface IParameterHolder
{
    /// <summary>Replaces a parameter; the old one is disposed, the new one belongs to the layer.</summary>
    /// <param name="name">The parameter's name within this layer.</param>
    /// <param name="value">The new parameter.</param>
    void Assign(string name, Parameter value);
}
