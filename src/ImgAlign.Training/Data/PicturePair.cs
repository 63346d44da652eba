using ImgAlign.Imaging;

namespace ImgAlign.Training.Data;

/// <summary>A preference pair with its pictures as files have them.</summary>
/// <param name="Row">Its row or line in its file, from 0.</param>
/// <param name="Caption">The prompt.</param>
/// <param name="Preferred">The preferred picture.</param>
/// <param name="Rejected">The other one.</param>
internal sealed record PicturePair(long Row, string Caption, PictureFile Preferred, PictureFile Rejected);

/// <summary>A picture as its file has it.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Bytes">The file's bytes; null: there is no such file.</param>
internal sealed record PictureFile(string Name, byte[]? Bytes)
{
    /// <exception cref="ImgAlignException">It is missing, or no picture.</exception>
    public RgbImage Decode() =>
        Bytes is null ? throw new ImgAlignException($"{Name}: there is no such picture.") : ImageFile.Decode(Bytes, Name);
}
