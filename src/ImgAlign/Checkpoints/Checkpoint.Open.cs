namespace ImgAlign.Checkpoints;

public abstract partial class Checkpoint
{
    /// <summary>Opens a checkpoint file or folder by its contents.</summary>
    /// <param name="path">A <c>.safetensors</c>, <c>.bin</c>, <c>.pth</c>, <c>.pt</c> or <c>.ckpt</c> file, an index of shards, or a folder that holds one of these.</param>
    /// <exception cref="CheckpointException">The file is missing, broken, or not a checkpoint. Nothing in it was executed.</exception>
    public static Checkpoint Open(string path) => throw new NotImplementedException("checkpoints helper: implement first");
}
