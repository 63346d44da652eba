namespace ImgAlign.Evaluation.Running;

/// <summary>A picture that an arm goes on with: one of a batch.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Index">Its place in it.</param>
internal sealed record ChosenPicture(PictureBatch Batch, int Index)
{
    public StoredPicture Stored => Batch.Pictures[Index];

    public string File => Path.Combine(Batch.Folder, Stored.File!);
}
