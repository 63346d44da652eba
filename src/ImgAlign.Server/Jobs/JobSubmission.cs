using ImgAlign.Imaging;
using ImgAlign.Server.Files;

namespace ImgAlign.Server.Jobs;

/// <summary>Checks requests and queues them.</summary>
internal sealed class JobSubmission(JobStore store, JobFiles files, ImgAlignServerOptions options)
{
    private const int PngSignatureLength = 8;

    /// <summary>Queues a job.</summary>
    /// <param name="request">What it makes; a given picture is in base64 or a data URL.</param>
    /// <param name="asked">The request as it came, by which a repeated one is known.</param>
    /// <param name="idempotencyKey">The caller's name for the request.</param>
    /// <exception cref="ApiException">A value is out of its range, the picture is none, or too many jobs wait.</exception>
    public Task<Job> SubmitAsync(JobRequest request, string asked, string? idempotencyKey = null)
    {
        request.Check();
        var picture = request.Image is null ? null : ReadBase64(request.Image);
        return SubmitAsync(request with { Image = null }, picture, asked, idempotencyKey);
    }

    /// <summary>Queues a job with a given picture.</summary>
    /// <param name="request">What it makes.</param>
    /// <param name="picture">The bytes of an image file.</param>
    /// <param name="asked">The request as it came.</param>
    /// <param name="idempotencyKey">The caller's name for the request.</param>
    public async Task<Job> SubmitAsync(JobRequest request, byte[]? picture, string asked, string? idempotencyKey = null)
    {
        request.Check();
        var id = JobFiles.NewId();
        if (picture is not null)
        {
            CheckPicture(picture);
            await files.WriteInputAsync(id, picture, CancellationToken.None);
        }
        try
        {
            var whole = request with
            {
                Seed = request.Seed ?? Random.Shared.Next(),
                Rounds = request.Rounds ?? (request.Budget is null ? 1 : null),
                Steps = request.Steps ?? options.DefaultSteps,
                Image = picture is null ? null : JobFiles.InputName,
            };
            return store.Submit(id, whole, asked, idempotencyKey, options.QueueLimit);
        }
        finally
        {
            // Not where a job was written before something failed: it needs its picture.
            if (picture is not null && store.Find(id) is null)
                await files.DeleteAsync(id, CancellationToken.None);
        }
    }

    // What is no image, or too large a one, is seen in the header: nothing is decoded here.
    private void CheckPicture(byte[] picture)
    {
        ImageSize size;
        try
        {
            size =
                picture.Length < PngSignatureLength
                    ? throw new ImgAlignException("The picture is empty.")
                    : ImageFile.ReadSize(picture, "The picture");
        }
        catch (ImgAlignException exception)
        {
            throw ApiException.Invalid(exception.Message, "image", "invalid_image");
        }
        if ((long)size.Width * size.Height > options.MaxPicturePixels)
            throw ApiException.Invalid(
                $"The picture has {size.Width}x{size.Height} pixels; at most {options.MaxPicturePixels} are taken, scale it down first.",
                "image",
                "image_too_large"
            );
    }

    private static byte[] ReadBase64(string text)
    {
        const string Mark = ";base64,";
        var isUrl = text.StartsWith("data:", StringComparison.OrdinalIgnoreCase);
        try
        {
            return Convert.FromBase64String(isUrl ? text.Split(Mark, 2)[^1] : text);
        }
        catch (FormatException)
        {
            throw ApiException.Invalid("image is neither base64 nor a data URL.", "image", "invalid_image");
        }
    }
}
