namespace ImgAlign.Server.Jobs;

/// <summary>What a worker is to do with its job.</summary>
internal enum WorkOrder
{
    GoOn,
    Cancel,

    /// <summary>The job is no longer this worker's.</summary>
    Leave,
}
