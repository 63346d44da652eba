using ImgAlign.Imaging;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>What HPSv3 reads of B pictures and prompts, on the CPU. Owns its tensors.</summary>
/// <param name="Ids"><c>[B, N]</c>, filled up on the right.</param>
/// <param name="Images">The pictures' patches.</param>
/// <param name="Lengths">The tokens of each row.</param>
/// <param name="RewardPlaces">Where in each row the score is read.</param>
public sealed record Hpsv3Input(Tensor Ids, ImagePatches Images, IReadOnlyList<int> Lengths, IReadOnlyList<int> RewardPlaces) : IDisposable
{
    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Ids.Dispose();
        Images.Dispose();
    }
}
