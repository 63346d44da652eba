namespace ImgAlign.ShapeWorld.Language;

/// <summary>
/// Mends a prompt of the world, which says all there is to say: by naming first the object that the critique names, in the plainest words.
/// </summary>
public sealed class WorldRewriter : IPromptRewriter
{
    /// <inheritdoc/>
    public string Rewrite(string prompt, string critique)
    {
        ArgumentNullException.ThrowIfNull(critique);
        var scene = Captions.Read(prompt);
        var isOfSecond =
            critique.LastIndexOf($"{scene.Second}", StringComparison.Ordinal)
            > critique.LastIndexOf($"{scene.First}", StringComparison.Ordinal);
        return Captions.WritePlainly(scene, isOfSecond);
    }
}
