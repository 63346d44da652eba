namespace ImgAlign;

/// <summary>What a picture looks like so far.</summary>
/// <param name="item">The item's position in the request, from 0.</param>
/// <param name="round">The round from 1, or 0 for what comes before the first.</param>
/// <param name="evaluation">The evaluation of the network that it was made of, from 1, of the item's picture at work.</param>
/// <param name="image">The network's estimate of the final picture.</param>
public sealed class PreviewReady(int item, int round, int evaluation, RgbImage image) : RunUpdate
{
    /// <summary>The item's position in the request, from 0.</summary>
    public int Item { get; } = item;

    /// <summary>The round from 1, or 0 for what comes before the first.</summary>
    public int Round { get; } = round;

    /// <summary>The evaluation of the network that it was made of, from 1, of the item's picture at work.</summary>
    public int Evaluation { get; } = evaluation;

    /// <summary>The network's estimate of the final picture, scaled down to 512 pixels along its longer edge where it is
    /// larger.</summary>
    public RgbImage Image { get; } = image;
}
