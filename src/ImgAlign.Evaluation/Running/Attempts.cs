using ImgAlign.Checkpoints;

namespace ImgAlign.Evaluation.Running;

/// <summary>What became of one of several items: a result, or the reason why there is none.</summary>
internal readonly record struct Attempt<T>(T? Result, string? Failure)
    where T : class;

/// <summary>Runs items together, and apart where they fail, so that those fail alone that are the reason.</summary>
internal static class Attempts
{
    /// <summary>Runs items.</summary>
    /// <param name="items">The items.</param>
    /// <param name="run">Runs some of them; one result an item.</param>
    public static async Task<IReadOnlyList<Attempt<TResult>>> RunAsync<TItem, TResult>(
        IReadOnlyList<TItem> items,
        Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> run
    )
        where TResult : class
    {
        if (items.Count == 0)
            return [];
        try
        {
            return [.. (await run(items)).Select(static result => new Attempt<TResult>(result, null))];
        }
        catch (Exception exception) when (IsOfItem(exception))
        {
            if (items.Count == 1)
                return [new Attempt<TResult>(null, exception.Message)];
        }
        var attempts = new List<Attempt<TResult>>();
        foreach (var item in items)
            attempts.AddRange(await RunAsync([item], run));
        return attempts;
    }

    // Models that cannot be read, a full disk or too little memory would fail all items alike.
    private static bool IsOfItem(Exception exception) =>
        exception
            is InvalidRequestException
                or (ImgAlignException and not (CheckpointException or DeviceBusyException or DeviceMemoryException));
}
