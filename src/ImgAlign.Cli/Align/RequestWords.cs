namespace ImgAlign.Cli.Align;

/// <summary>Says what is wrong with a request in the words of the command line, where the library has members.</summary>
internal static class RequestWords
{
    private static readonly Dictionary<string, string> Options = new()
    {
        [nameof(AlignmentItem.Prompt)] = "The prompt",
        [nameof(AlignmentItem.Seed)] = "--seed",
        [nameof(AlignmentRequest.Rounds)] = "--rounds",
        [nameof(AlignmentRequest.Budget)] = "--budget",
        [nameof(AlignmentRequest.Policy)] = "--policy",
        [nameof(AlignmentRequest.Steps)] = "--steps",
        [nameof(AlignmentRequest.Guidance)] = "--guidance",
        [nameof(AlignmentRequest.GuidanceInterval)] = "The interval of --guidance-start and --guidance-end",
        [nameof(AlignmentRequest.GuidanceBranches)] = "--guidance-branches",
        [nameof(AlignmentRequest.ImagePromptScale)] = "--scale",
        [nameof(AlignmentRequest.Strength)] = "--strength",
        [nameof(AlignmentRequest.Eta)] = "--eta",
        [nameof(AlignmentRequest.GuidanceRescale)] = "--guidance-rescale",
        [nameof(AlignmentRequest.MaxBatchSize)] = "--batch-size",
        [nameof(AlignmentRequest.Family)] = "What --true-guidance or --prompt-weights sets",
        [nameof(AlignmentItem.Size)] = "The size of --width and --height",
    };

    /// <summary>The message, with the option in the member's place.</summary>
    public static string ForOptions(InvalidRequestException exception) =>
        exception.Member is { } member
        && exception.Message.StartsWith(member, StringComparison.Ordinal)
        && Options.TryGetValue(member.Split('.')[^1], out var option)
            ? option + exception.Message[member.Length..]
            : exception.Message;
}
