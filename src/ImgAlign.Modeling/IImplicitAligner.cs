using ImgAlign.Alignment;
using TorchSharp;

namespace ImgAlign;

/// <summary>Moves image-prompt features towards what the prompt asks, led by the detector's hidden states (IMG, section 3.3).</summary>
public interface IImplicitAligner : IModel
{
    /// <summary>The width of the detector's hidden states that it was trained for, D.</summary>
    int DetectorWidth { get; }

    /// <summary>The width of the image-prompt tokens that it was trained for, d.</summary>
    int TokenWidth { get; }

    /// <summary>What it was trained for beside these widths; null: it works with any.</summary>
    AlignerOrigin? Origin => null;

    /// <summary>Applies <c>z = f(h, z)</c> several times with the same h.</summary>
    /// <param name="h">Hidden states <c>[B, N, D]</c>.</param>
    /// <param name="z">Image-prompt features <c>[B, n, d]</c>.</param>
    /// <param name="passes">How often f is applied, at least 1 (IMG: 3).</param>
    /// <returns>Aligned features <c>[B, n, d]</c>.</returns>
    torch.Tensor Align(torch.Tensor h, torch.Tensor z, int passes = 3);
}
