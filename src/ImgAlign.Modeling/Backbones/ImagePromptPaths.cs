using ImgAlign.Checkpoints;

namespace ImgAlign.Backbones;

/// <summary>The files of an image prompt.</summary>
/// <param name="Encoder">The folder of the image encoder.</param>
/// <param name="Projection">The file with the projection of its features to tokens.</param>
/// <param name="Adapter">The file with the keys and values.</param>
internal sealed record ImagePromptPaths(string Encoder, string Projection, string Adapter)
{
    /// <summary>Finds the files; those that are named one by one come before those of a released folder.</summary>
    /// <param name="released">The released folder.</param>
    /// <param name="encoder">The image encoder.</param>
    /// <param name="projection">The projection's file.</param>
    /// <param name="adapter">The adapter's file.</param>
    /// <param name="projectionName">The projection's file in a released folder; null: it is the adapter's.</param>
    /// <param name="adapterName">The adapter's file in a released folder.</param>
    /// <returns>Null where no image prompt is asked for.</returns>
    /// <exception cref="ImgAlignException">There is no such folder, or only a part of an image prompt is named.</exception>
    public static ImagePromptPaths? Find(
        string? released,
        string? encoder,
        string? projection,
        string? adapter,
        string? projectionName,
        string adapterName
    )
    {
        if (released is not null)
        {
            released = ModelFolder.Resolve(released);
            encoder ??= Path.Combine(released, "image_encoder");
            adapter ??= Path.Combine(released, adapterName);
            projection ??= projectionName is null ? null : Path.Combine(released, projectionName);
        }
        if (encoder is null && adapter is null && projection is null)
            return null;
        if (encoder is null || adapter is null)
            throw new ImgAlignException(
                $"An image prompt needs both {nameof(SdxlOptions.ImageEncoderPath)} and {nameof(SdxlOptions.AdapterPath)}, or "
                    + $"{nameof(SdxlOptions.ImagePromptPath)} for all of its files."
            );
        return new(encoder, projection ?? adapter, adapter);
    }
}
