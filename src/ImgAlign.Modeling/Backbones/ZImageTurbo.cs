using ImgAlign.Sampling;

namespace ImgAlign.Backbones;

/// <summary>What sets Z-Image-Turbo apart from Z-Image, whose transformers have the same configuration.</summary>
internal static class ZImageTurbo
{
    /// <summary>The schedule of <c>Tongyi-MAI/Z-Image-Turbo</c>; that of Z-Image has the shift 6.</summary>
    public static SchedulerConfig Scheduler { get; } = new() { ClassName = SchedulerClass.FlowEuler, Shift = 3 };

    /// <summary>Whether a schedule is that of the distilled model, which takes 8 steps and no guidance.</summary>
    public static bool IsOf(SchedulerConfig scheduler) => scheduler.Shift <= Scheduler.Shift;
}
