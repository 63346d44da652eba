using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>Image tokens: squares of 2 x 2 latents, channel by channel (<c>FluxPipeline._pack_latents</c>).</summary>
public static class LatentPatches
{
    /// <summary>Latents along one edge of a token.</summary>
    public const int Size = 2;

    /// <summary>Latents to tokens.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>, h and w even.</param>
    /// <returns><c>[B, (h/2)(w/2), 4C]</c>.</returns>
    /// <exception cref="ArgumentException">h or w is odd.</exception>
    public static Tensor Pack(Tensor latents)
    {
        if (latents.shape is not [var batch, var channels, var height, var width] || height % Size != 0 || width % Size != 0)
            throw new ArgumentException(
                $"Latents have shape [{string.Join(", ", latents.shape)}], but [B, C, h, w] with even h and w is expected.",
                nameof(latents)
            );
        using var scope = NewDisposeScope();
        return latents
            .reshape(batch, channels, height / Size, Size, width / Size, Size)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(batch, height / Size * (width / Size), channels * Size * Size)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Tokens to latents.</summary>
    /// <param name="tokens"><c>[B, (h/2)(w/2), 4C]</c>.</param>
    /// <param name="height">h.</param>
    /// <param name="width">w.</param>
    /// <returns><c>[B, C, h, w]</c>.</returns>
    public static Tensor Unpack(Tensor tokens, long height, long width)
    {
        using var scope = NewDisposeScope();
        var (batch, channels) = (tokens.shape[0], tokens.shape[2] / (Size * Size));
        return tokens
            .reshape(batch, height / Size, width / Size, channels, Size, Size)
            .permute(0, 3, 1, 4, 2, 5)
            .reshape(batch, channels, height, width)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Positions of the tokens: 0, row, column.</summary>
    /// <param name="height">h, of the latents.</param>
    /// <param name="width">w, of the latents.</param>
    /// <param name="device">Where to put them.</param>
    /// <returns><c>[(h/2)(w/2), 3]</c>, float32.</returns>
    public static Tensor Ids(long height, long width, Device device)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (height / Size, width / Size);
        var row = TensorMath.Range(rows, float32, device).unsqueeze(1).expand(rows, columns);
        var column = TensorMath.Range(columns, float32, device).unsqueeze(0).expand(rows, columns);
        return stack([zeros_like(row), row, column], -1).view(rows * columns, 3).MoveToOuterDisposeScope();
    }
}
